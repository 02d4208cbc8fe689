# SPDX-License-Identifier: BSD-2-Clause
"""What every switch under test has."""
import pathlib


class Switch:
    """One switch, in its own folder of a lab. start() returns when VMs can connect."""

    title = ""
    before = ()        # words before a program that is to run where its interfaces are
    blind = False      # forwards without looking: one VM gets all

    def __init__(self, **how):
        self.how = how
        self.main = None       # the process that forwards
        self.notes = []        # how it is set, for the report

    def start(self, lab, layout, cpus, name):
        self.lab, self.layout, self.cpus = lab, layout, cpus
        self.folder = pathlib.Path(lab.folder, name)
        self.folder.mkdir()
        self.open(name)

    def socket(self, name):
        """Where VM 'name', or the generator as 'nic', connects."""
        return self.folder / f"{name}.sock"

    def port(self, vm):
        """How the traffic program reaches a VM's port."""
        return f"{vm.name}=vhost:{self.socket(vm.name)}"

    def generator(self):
        """The same for the NIC, where it is the generator's."""
        if self.layout.nic.kind == "vhost":
            return f"nic=vhost:{self.socket('nic')}"
        if self.layout.nic.kind == "memif":
            return f"nic=vdev:net_memif0,role=client,socket={self.socket('nic')},socket-abstract=no"
        return f"nic=packet:{self.layout.nic.generator}"

    def vms(self):
        """The VMs that frames reach."""
        return self.layout.vms[:1] if self.blind else self.layout.vms

    def counters(self):
        """{'busy_ns', and 'frames' or 'up_ns'} since the start, or None: it counts none. 'up_ns':
        for how long it has counted, when it does not tell frames."""
        return None

    def pause(self):
        self.main.pause()

    def resume(self):
        self.main.resume()

    def threads(self):
        """lab.Process.threads() of what forwards."""
        return self.main.threads()

    def close(self):
        """Ends it: it takes no more part."""
        if self.main:
            self.main.stop()

    def ledger(self):
        """Ends the switch; what it counted, or None."""
        self.close()


def devargs(nic, one_frame, socket):
    """A NIC as DPDK's device, the same for every switch on DPDK. A capture that is read once
    soon has nothing more, and what is sent to it is discarded."""
    if nic.kind == "replay":
        queues = ",".join(f"rx_pcap={c}" for c in nic.captures)
        return f"net_pcap0,{queues},infinite_rx=1"
    if nic.kind == "sink":
        return f"net_pcap0,rx_pcap={one_frame}"
    if nic.kind == "packet":
        return f"net_af_packet0,iface={nic.interface}"
    if nic.kind == "memif":
        return f"net_memif0,role=server,socket={socket},socket-abstract=no"
    return f"net_vhost0,iface={socket},queues=1"
