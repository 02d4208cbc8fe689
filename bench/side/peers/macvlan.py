# SPDX-License-Identifier: BSD-2-Clause
"""macvlan: an interface for each VM on the NIC, chosen by its one MAC address."""
from lab import Trouble
from peers import spaces
from peers.kernel import Kernel


class Macvlan(Kernel):
    title = "macvlan"

    def connect(self):
        for vm in self.layout.vms:
            if len(vm.macs) != 1:
                raise Trouble("a macvlan has one address")
            spaces.ip(self.space, "link", "add", vm.name, "link", "nic0", "address", vm.macs[0],
                      "type", "macvlan", "mode", "bridge")
            spaces.ip(self.space, "link", "set", vm.name, "up")

    def port(self, vm):
        return f"{vm.name}=packet:{vm.name}"
