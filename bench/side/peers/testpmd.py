# SPDX-License-Identifier: BSD-2-Clause
"""DPDK's testpmd: 'io' forwards without looking, 'mac' writes both addresses of each frame."""
import contextlib
import dataclasses
import re
import subprocess

from lab import Trouble, wait_for
from layout import NIC_MAC
from peers.switch import Switch, devargs

PROMPT = b"testpmd> "
CYCLES = re.compile(r"total cycles=(\d+) / total \S+ packets=(\d+)\) at (\d+) MHz")


class Testpmd(Switch):
    """how: mode, io or mac. Port 0 and port 1 are a pair, each sends what the other receives."""

    blind = True

    def open(self, name):
        mode, layout = self.how.get("mode", "io"), self.layout
        self.title = f"testpmd {mode}"
        cpu = min(self.cpus)
        memory = (["--in-memory", "-m", "512"] if self.lab.huge else
                  ["--no-huge", "--no-shconf", "-m", "512"])
        ports = [f"net_vhost{i + 1},iface={self.socket(vm.name)},queues=1"
                 for i, vm in enumerate(self.vms())]
        if not layout.between:
            ports.insert(0, devargs(self.nic(), self.lab.one_frame, self.socket("nic")))
        peers = [f"--eth-peer={i},{m}" for i, m in enumerate(self.peers())]
        vdevs = [f"--vdev={p}" for p in ports]
        self.main = self.lab.start(
            name, ["stdbuf", "-oL", "dpdk-testpmd", "--lcores", f"0@{cpu},1@{cpu}", *memory,
                   "--no-pci", "--no-telemetry", *vdevs, "--", "-i", "--nb-cores=1",
                   f"--forward-mode={mode}", "--total-num-mbufs=65536", *peers],
            self.cpus, talk=True, cwd=self.folder)
        self.main.hear(PROMPT, 30)
        self.tell("set record-core-cycles on")
        self.tell("start")
        wait_for(f"{name}: its sockets", 10, lambda: all(
            self.socket(vm.name).exists() for vm in self.vms()), self.main)
        self.notes.append("one core, bursts of 32, record-core-cycles on")

    def vms(self):
        """A NIC and a VM, or two VMs."""
        return self.layout.vms[:2 if self.layout.between else 1]

    def nic(self):
        """In mode mac, with the frames whose check is right when their address has been written."""
        nic = self.layout.nic
        if self.how.get("mode") == "mac" and nic.rewritten:
            return dataclasses.replace(nic, captures=nic.rewritten)
        return nic

    def peers(self):
        """Of each port, the address that frames are sent to there."""
        vms = [vm.macs[0] for vm in self.vms()]
        return vms if self.layout.between else [NIC_MAC] + vms

    def tell(self, line):
        self.main.say(line)
        return self.main.hear(PROMPT, 10)

    def counters(self):
        found = CYCLES.search(self.tell("show fwd stats all"))
        if not found:
            return {"busy_ns": 0, "frames": 0}   # it has forwarded nothing yet
        cycles, packets, mhz = (int(x) for x in found.groups())
        return {"busy_ns": cycles * 1000 / mhz, "frames": packets}

    def close(self):
        if not self.main:
            return
        self.main.resume()
        with contextlib.suppress(Trouble, subprocess.TimeoutExpired):
            self.main.say("quit")
            self.main.child.wait(5)
        self.main.stop()
