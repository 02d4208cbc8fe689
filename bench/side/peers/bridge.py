# SPDX-License-Identifier: BSD-2-Clause
"""The Linux bridge: the NIC and a tap for each VM."""
from peers import spaces
from peers.kernel import Kernel


class Bridge(Kernel):
    title = "Linux bridge"

    def connect(self):
        spaces.ip(self.space, "link", "add", "br0", "type", "bridge")
        spaces.ip(self.space, "link", "set", "nic0", "master", "br0")
        spaces.ip(self.space, "link", "set", "br0", "up")
        for vm in self.layout.vms:
            spaces.ip(self.space, "tuntap", "add", vm.name, "mode", "tap",
                      "multi_queue")
            spaces.ip(self.space, "link", "set", vm.name, "master", "br0", "up")
            for mac in vm.macs:
                spaces.run(self.space, "bridge", "fdb", "add", mac, "dev", vm.name, "master",
                           "static")

    def port(self, vm):
        return f"{vm.name}=vdev:net_tap0,iface={vm.name}"
