# SPDX-License-Identifier: BSD-2-Clause
"""All cases in one table, with the targets beside them."""
import dataclasses
import fnmatch
import itertools

OURS = ("placed", "loaned")
PEERS = ("testpmd-io", "ovs-flow")
ALL_PEERS = ("testpmd-io", "testpmd-mac", "ovs-flow", "ovs-normal")
SIGNALLING = ("tap", "packet", "vhost", "xdp")   # NICs that a worker can sleep on
SIZES = (60, 256, 1514, "imix")


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound for the ratio of two subjects, or, without 'to', for a subject's own figure."""
    figure: str
    of: str
    to: str | None
    bound: float
    at_least: bool = True

    def text(self):
        sign = "at least" if self.at_least else "at most"
        to = f" to {self.to}" if self.to else ""
        return f"{self.figure} of {self.of}{to}: {sign} {self.bound:g}"

    def met(self, value):
        return value >= self.bound if self.at_least else value <= self.bound


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    text: str
    way: str                   # which function of ways.py measures it
    subjects: tuple
    figures: tuple             # what is compared; the first is the one that is plotted
    pairs: tuple = ()          # (of, to): ratios to be told; without: each of ours to each peer
    parameters: dict = dataclasses.field(default_factory=dict, hash=False)
    targets: tuple = ()
    core: bool = False

    def ratios(self):
        if self.pairs:
            return self.pairs
        return tuple((a, b) for a in self.subjects if a in OURS + ("this",)
                     for b in self.subjects if b not in OURS + ("this",))


def at_least(figure, of, to, bound):
    return Target(figure, of, to, bound)


def at_most(figure, of, to, bound):
    return Target(figure, of, to, bound, at_least=False)


def in_bytes(size):
    return size if size == "imix" else f"{size:,} bytes"


def nic_to_vm(size, filters, queues, vlan, subjects, core=False, targets=(), name=None):
    tag = "vlan" if vlan else "untagged"
    return Case(
        name or f"nic-to-vm/{size}/{filters}-filters/{queues}-queues/{tag}",
        f"NIC to VM, one way: {in_bytes(size)}, {filters:,} filters, {queues} "
        f"queue{'s' if queues > 1 else ''}, {tag}",
        "rate", subjects, ("rate", "bits"), core=core, targets=targets,
        parameters={"direction": "nic-to-vm", "size": size, "filters": filters, "queues": queues,
                    "vlan": 10 if vlan else None})


def from_vm(direction, text, size, subjects, core=False, targets=()):
    more = "/all-peers" if len(subjects) > 4 else ""
    return Case(f"{direction}/{size}{more}", f"{text}: {in_bytes(size)}",
                "rate", subjects, ("busy", "rate", "bits"), core=core, targets=targets,
                parameters={"direction": direction, "size": size, "filters": 0, "queues": 0,
                            "vlan": None})


def inside(name, text, subjects, core=False, targets=(), figures=("rate", "busy"), **parameters):
    """Ours against ours, with generator and guests inside the process: (label, settings)."""
    labels = tuple(label for label, _ in subjects)
    return Case(name, text, "inside", labels, figures, core=core, targets=targets,
                pairs=tuple((a, labels[0]) for a in labels[1:]),
                parameters={"variants": dict(subjects), **parameters})


def two_workers(name, text, crossing, **more):
    """Beside two hosts of one worker each: what the machine gives two that share nothing."""
    return inside(name, text, tuple((label, {"workers": workers, "crossing": crossing, **hosts})
                                    for label, workers, hosts in (
                                        ("1 worker", 1, {}), ("2 workers", 2, {}),
                                        ("2 hosts", 1, {"hosts": 2}))),
                  figures=("rate", "cpu"), **more)


def idle(name, text, nics, core=False, targets=(), vm="vhost", gap=20, count=20):
    """gap: milliseconds of silence before each of the first frames."""
    return Case(name, text, "idle", nics,
                ("first frame p50 us", "first frame out p50 us", "wake us", "worker CPU %"),
                core=core, targets=targets, parameters={"vm": vm, "gap": gap, "count": count})


CORE = (
    nic_to_vm(60, 64, 1, False, OURS + PEERS, core=True, name="nic-to-vm/60", targets=(
        at_least("rate", "placed", "ovs-flow", 2.0),
        at_least("rate", "placed", "testpmd-io", 0.8),
        at_least("rate", "loaned", "ovs-flow", 2.2),
        at_least("rate", "loaned", "testpmd-io", 0.9))),
    nic_to_vm(1514, 64, 1, False, OURS + PEERS, core=True, name="nic-to-vm/1514", targets=(
        at_least("bits", "loaned", "testpmd-io", 0.95),)),
    nic_to_vm("imix", 64, 1, False, OURS + PEERS, core=True, name="nic-to-vm/imix"),
    inside("filters", "1, 64 and 1,024 filters, NIC to VMs that take all, 60 bytes", (
        ("1 filter", {"filters": 1, "queues": 1}),
        ("64 filters", {"filters": 64, "queues": 1}),
        ("1,024 filters", {"filters": 1024, "queues": 1})), core=True,
        targets=(at_least("rate", "1,024 filters", "1 filter", 0.95),)),
    inside("queues", "1, 16 and 256 queues, NIC to VMs that take all, 60 bytes", (
        ("1 queue", {"filters": 1, "queues": 1}),
        ("16 queues", {"filters": 16, "queues": 16}),
        ("256 queues", {"filters": 256, "queues": 256})), core=True,
        targets=(at_least("rate", "256 queues", "1 queue", 0.85),)),
    from_vm("vm-to-vm", "VM to VM, both ways", 60, ("placed",) + PEERS, core=True, targets=(
        at_most("busy", "placed", "ovs-flow", 0.5), at_most("busy", "placed", "testpmd-io", 1.15))),
    from_vm("vm-to-nic", "VM to NIC, one way", 60, ("placed",) + PEERS, core=True),
    from_vm("nic-to-vm-and-back", "NIC to VM and back", 60, OURS + PEERS, core=True),
    Case("latency", "Latency, NIC to VM, at parts of the highest rate at which all lose nothing",
         "latency", ("placed",) + PEERS,
         tuple(f"{p} at {part} %" for part in (50, 10, 90)
               for p in ("p99", "p50", "p999", "p99 of all")),
         core=True, targets=(at_most("p99 at 50 %", "placed", "testpmd-io", 1.1),)),
    two_workers("workers", "Two workers against one, half of the frames crossing", 50, core=True,
                targets=(at_least("rate", "2 workers", "1 worker", 1.85),)),
    idle("idle", "Idle: CPU use of the worker, and time to the first frame",
         SIGNALLING + ("memif",), core=True, targets=tuple(
             at_most(f, k, None, b) for k in SIGNALLING
             for f, b in (("worker CPU %", 2), ("first frame p50 us", 100))) +
         (at_most("worker CPU %", "memif", None, 5),
          at_most("first frame p50 us", "memif", None, 1000))),
    Case("overload", "A slow VM beside a fast one, NIC to VMs", "overload",
         ("both fast", "one slow"), ("fast VM's rate",), (("one slow", "both fast"),), core=True,
         targets=(at_least("fast VM's rate", "one slow", "both fast", 0.95),)),
    Case("scale", "Memory, start-up, and 1,024 queues", "scale",
         ("vmqd", "testpmd-io", "ovs-flow"),
         ("start ms, 1 VM", "start ms, 1,024 queues", "memory MB, 1 VM",
          "memory KB per queue and VM", "allocate 1,024 queues ms"), core=True),
)

FULL = tuple(
    nic_to_vm(size, filters, queues, vlan, OURS + ALL_PEERS)
    for size, filters, queues, vlan in itertools.product(
        SIZES, (1, 64, 1024), (1, 16), (False, True)) if filters >= queues
) + tuple(
    inside(f"queues/{size}/{receive}", f"1, 16 and 256 queues, {size} bytes, {receive}", tuple(
        (f"{n} queue{'s' if n > 1 else ''}", {"filters": n, "queues": n, "receive": receive})
        for n in (1, 16, 256)), size=size)
    for size in SIZES for receive in OURS
) + tuple(
    from_vm(direction, text, size, subjects)
    # Not testpmd mac where a frame comes back: its address is not the one that it was made for.
    for direction, text, subjects in (
        ("vm-to-vm", "VM to VM, both ways", ("placed",) + ALL_PEERS),
        ("vm-to-nic", "VM to NIC, one way", ("placed",) + ALL_PEERS),
        ("nic-to-vm-and-back", "NIC to VM and back", OURS + PEERS + ("ovs-normal",)))
    for size in SIZES
) + (
    inside("indication", "Per-queue indication off and on, 16 queues", (
        ("mixed", {"filters": 16, "queues": 16, "indication": "mixed"}),
        ("per queue", {"filters": 16, "queues": 16, "indication": "per-queue"}))),
    inside("filter-driver", "A pass-through filter driver in the stack", (
        ("none", {"filters": 64, "queues": 1}),
        ("one", {"filters": 64, "queues": 1, "drivers": 1}))),
    inside("crossing", "Frames that cross workers, two workers", (
        ("0 %", {"workers": 2, "crossing": 0}), ("50 %", {"workers": 2, "crossing": 50}),
        ("100 %", {"workers": 2, "crossing": 100}))),
    two_workers("workers/crossing-0", "Two workers against one, no frame crosses", 0),
    two_workers("workers/crossing-100", "Two workers against one, all frames cross", 100),
    idle("idle/100-ms", "Idle, after 100 ms of silence", SIGNALLING + ("memif",), gap=100),
    idle("idle/1000-ms", "Idle, after a second of silence", SIGNALLING + ("memif",), gap=1000,
         count=4),
    idle("idle/tap", "Idle, the VM on a tap", ("tap", "packet", "xdp"), vm="tap"),
    Case("kernel/60", "NIC (an interface) to VM (a tap): the kernel's own switches", "kernel",
         ("packet", "bridge", "macvlan"), ("rate", "bits"),
         (("packet", "bridge"), ("packet", "macvlan")), {"size": 60}),
    Case("kernel/1514", "NIC (an interface) to VM (a tap): the kernel's own switches", "kernel",
         ("packet", "bridge", "macvlan"), ("rate", "bits"),
         (("packet", "bridge"), ("packet", "macvlan")), {"size": 1514}),
)

CASES = {c.name: c for c in FULL} | {c.name: c for c in CORE}


def chosen(words, full=False):
    """The cases of names and globs; without any the core, or all."""
    if not words:
        return [c for c in CASES.values() if full or c.core]
    found, unknown = {}, []
    for word in words:
        names = fnmatch.filter(CASES, word)
        found |= {n: CASES[n] for n in names}
        unknown += [word] if not names else []
    if unknown:
        raise KeyError(", ".join(unknown))
    return list(found.values())
