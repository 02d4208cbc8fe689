# SPDX-License-Identifier: BSD-2-Clause
"""Our own switch between interfaces, in a namespace: an AF_PACKET, AF_XDP or tap NIC."""
from peers import spaces
from peers.vmqd import Vmqd


class Packet(Vmqd):
    def open(self, name):
        self.space = spaces.space(self.lab)
        self.before = spaces.inside(self.space)
        nic = self.layout.nic
        if nic.kind == "tap":
            nic.generator = nic.interface      # the kernel's side of it
        else:
            spaces.wire(self.space)
        super().open(name)
        for tap in [nic.interface] * (nic.kind == "tap") + [
                vm.name for vm in self.layout.vms if vm.port == "tap"]:
            spaces.ip(self.space, "link", "set", tap, "up")

    def port(self, vm):
        return f"{vm.name}=packet:{vm.name}" if vm.port == "tap" else super().port(vm)
