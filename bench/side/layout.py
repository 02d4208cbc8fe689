# SPDX-License-Identifier: BSD-2-Clause
"""What stands around a switch in one case: its NIC and its VMs, the same for every switch."""
import dataclasses

NIC_MAC = "02:00:00:00:aa:01"   # who is on the wire


def mac(number):
    """The address of that number; consecutive ones differ in the last three bytes."""
    return "52:54:00:" + ":".join(f"{b:02x}" for b in (number + 1).to_bytes(3, "big"))


@dataclasses.dataclass
class Vm:
    name: str
    macs: list
    port: str = "vhost"       # vhost, null, tap
    vlan: int | None = None
    processor: int = 0
    keys: list = dataclasses.field(default_factory=list)   # more keys of our configuration


@dataclasses.dataclass
class Nic:
    """kind: 'replay' loops captures, one for each receive queue, and discards what is sent;
    'sink' gives nothing and discards; 'vhost' is the generator's, on a socket; 'memif' likewise;
    'packet', 'xdp' and 'tap' are an interface, and the generator has another one."""
    kind: str
    captures: list = dataclasses.field(default_factory=list)
    rewritten: list = dataclasses.field(default_factory=list)   # for who writes other addresses
    interface: str = "nic0"
    generator: str = "gen0"


@dataclasses.dataclass
class Layout:
    nic: Nic
    vms: list
    between: bool = False     # the traffic is between VMs: who is blind has no NIC

    @property
    def macs(self):
        return [m for vm in self.vms for m in vm.macs]


def spread(filters, queues, most, **how):
    """That many addresses over that many VMs, or over more where a VM may have only 'most'."""
    while filters / queues > most:
        queues *= 2
    each, left = divmod(filters, queues)
    vms, first = [], 0
    for i in range(queues):
        n = each + (i < left)
        vms.append(Vm(f"vm{i}", [mac(first + k) for k in range(n)], **how))
        first += n
    return vms
