# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's own switches have in common: there is no process to pin or to stop."""
from peers import spaces
from peers.switch import Switch


class Kernel(Switch):
    def open(self, name):
        self.space = spaces.space(self.lab)
        self.before = spaces.inside(self.space)
        spaces.wire(self.space)
        spaces.steer(self.space, "nic0", self.cpus)
        self.connect()
        self.notes.append("in the kernel; RPS gives it the switch's CPU")

    def pause(self):
        """It works only while the generator sends."""

    resume = pause

    def threads(self):
        return {}

    def ledger(self):
        return None
