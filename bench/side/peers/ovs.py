# SPDX-License-Identifier: BSD-2-Clause
"""Open vSwitch with DPDK: 'flow' has a flow for each address, 'normal' is a learning switch whose
table of addresses is filled beforehand."""
import pathlib
import re

from lab import Trouble, command, wait_for
from peers.switch import Switch, devargs

DAEMON = pathlib.Path("/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk")
SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
EMC_ENTRIES = 8192
NOTES = """pmd-cpu-mask and dpdk-lcore-mask: the switch's CPU
EMC: every flow is inserted (emc-insert-inv-prob 1), for there are fewer than its 8,192 entries
SMC: off, as advised where the EMC holds all flows
pmd-auto-lb off, pmd-maxsleep 0, pmd-perf-metrics off, tx-flush-interval 0: the defaults
flows are not evicted (max-idle 10 min) while its slices are not due
hugepages; vhost-user ports; MTU 1500"""
IDLE_MS = 600000


class Ovs(Switch):
    """how: mode, flow or normal."""

    server = None

    def open(self, name):
        mode = self.how.get("mode", "flow")
        self.title = f"OVS-DPDK {mode}"
        if not DAEMON.exists():
            raise Trouble("openvswitch-switch-dpdk is not installed: tools/packages.sh bench")
        if not self.lab.huge:
            raise Trouble("OVS-DPDK needs hugepages")
        self.env = {f"OVS_{k}DIR": str(self.folder) for k in ("RUN", "LOG", "DB", "SYSCONF")}
        self.database(name)
        self.settings()
        self.daemon(name)
        self.ports()
        if mode == "flow":
            self.flows()
        else:
            self.learn()
        self.notes += NOTES.split("\n")

    def tool(self, program, *words, **how):
        return command(program, *words, env=self.env, **how)

    def vsctl(self, *words):
        return self.tool("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=20", *words)

    def appctl(self, *words):
        return self.tool("ovs-appctl", "-t", self.control, *words)

    def database(self, name):
        db, sock = self.folder / "conf.db", self.folder / "db.sock"
        self.tool("ovsdb-tool", "create", db, SCHEMA)
        self.server = self.lab.start(f"{name}-db", ["ovsdb-server", f"--remote=punix:{sock}", db],
                                     self.cpus, env=self.env)
        wait_for(f"{name}: the database", 10, sock.exists, self.server)
        self.vsctl("--no-wait", "init")

    def settings(self):
        mask = f"{1 << min(self.cpus):#x}"
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", *(f"other_config:{s}" for s in (
            "dpdk-init=true", "dpdk-socket-mem=1024", f"pmd-cpu-mask={mask}",
            f"dpdk-lcore-mask={mask}", 'dpdk-extra="--no-pci --no-telemetry"',
            "emc-insert-inv-prob=1", "smc-enable=false", "pmd-auto-lb=false", "pmd-maxsleep=0",
            f"max-idle={IDLE_MS}", "n-handler-threads=1", "n-revalidator-threads=1")))

    def daemon(self, name):
        self.main = self.lab.start(name, [DAEMON, f"unix:{self.folder}/db.sock",
                                          f"--log-file={self.folder}/vswitchd.log"],
                                   self.cpus, env=self.env)
        self.control = self.folder / f"ovs-vswitchd-dpdk.{self.main.pid}.ctl"
        wait_for(f"{name}: the daemon", 30, self.control.exists, self.main)
        # Its bridge's interfaces outlive it, unless it is told to take them along.
        self.main.farewell = lambda: self.appctl("exit", "--cleanup")

    def ports(self):
        """Each gets the OpenFlow number of its place: the NIC, then the VMs."""
        words = ["add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                 "fail-mode=secure"]
        if self.layout.nic.kind == "vhost":
            words += self.vhost_port("nic.sock", 1)
        else:
            args = devargs(self.layout.nic, self.lab.one_frame, None).replace(
                "net_pcap0", f"net_pcap{self.main.pid}")
            words += ["--", "add-port", "br0", "nic", "--", "set", "Interface", "nic", "type=dpdk",
                      f'options:dpdk-devargs="{args}"', "ofport_request=1"]
        for i, vm in enumerate(self.layout.vms):
            words += self.vhost_port(f"{vm.name}.sock", i + 2)
        self.vsctl(*words)
        errors = re.findall(r'error: "(.*)"', self.vsctl("show"))
        if errors:
            raise Trouble(f"OVS-DPDK: {errors[0]}")

    @staticmethod
    def vhost_port(name, number):
        return ["--", "add-port", "br0", name, "--", "set", "Interface", name,
                "type=dpdkvhostuser", f"ofport_request={number}"]

    def flows(self):
        """Frames to a VM's address on its VLAN go there, untagged; a VM's others to the NIC, with
        the VLAN's tag."""
        lines = ["priority=0,actions=drop"]
        for i, vm in enumerate(self.layout.vms):
            port, vlan = i + 2, vm.vlan
            match = f"dl_vlan={vlan}," if vlan else ""
            action = "strip_vlan," if vlan else ""
            lines += [f"priority=20,in_port=1,{match}dl_dst={m},actions={action}output:{port}"
                      for m in vm.macs]
            lines += [f"priority=20,in_port={j + 2},dl_dst={m},actions=output:{port}"
                      for j, other in enumerate(self.layout.vms) for m in vm.macs
                      if j != i and len(self.layout.vms) <= 4 and other.vlan == vlan]
            tag = f"push_vlan:0x8100,set_field:{vlan | 0x1000}->vlan_vid," if vlan else ""
            lines.append(f"priority=10,in_port={port},actions={tag}output:1")
        self.tool("ovs-ofctl", "-O", "OpenFlow13", "add-flows", self.folder / "br0.mgmt", "-",
                  text="\n".join(lines) + "\n")

    def learn(self):
        self.tool("ovs-ofctl", "add-flow", self.folder / "br0.mgmt", "actions=NORMAL")
        for vm in self.layout.vms:
            if vm.vlan:
                self.vsctl("set", "port", f"{vm.name}.sock", f"tag={vm.vlan}")
            for m in vm.macs:
                self.appctl("fdb/add", "br0", f"{vm.name}.sock", vm.vlan or 0, m)

    def counters(self):
        text = self.appctl("dpif-netdev/pmd-stats-show")
        busy = sum(int(x) for x in re.findall(r"processing cycles: (\d+)", text))
        frames = sum(int(x) for x in re.findall(r"packets received: (\d+)", text))
        return {"busy_ns": busy / tsc_ghz(), "frames": frames}

    def close(self):
        super().close()
        if self.server:
            self.server.stop()


def tsc_ghz():
    """The time stamp counter's rate: the kernel's bogomips are twice that on x86."""
    found = re.search(r"bogomips\s*: (\d+\.\d+)", pathlib.Path("/proc/cpuinfo").read_text())
    return float(found[1]) / 2000 if found else 1.0
