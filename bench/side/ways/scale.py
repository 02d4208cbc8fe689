# SPDX-License-Identifier: BSD-2-Clause
"""Start-up, memory of a queue and VM, and the time to allocate 1,024 queues."""
import pathlib
import re
import time

import layout as layouts
from bench import Result
from lab import Trouble
from ways.rate import switch

MANY = 1024
TIMES = 5


def resident_mb(pid):
    """What it has of memory, hugepages too."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = re.findall(r"^(?:VmRSS|HugetlbPages):\s*(\d+) kB", text, re.M)
    return sum(int(n) for n in found) / 1024


def one(bench, subject, vms):
    """A start: milliseconds until VMs can connect, and its memory then. Ours runs without
    hugepages here, so that it has what it uses, and no more."""
    with bench.lab(huge=bench.huge and subject == "ovs-flow") as lab:
        made = switch(bench, subject)
        at = time.monotonic()
        made.start(lab, layouts.Layout(layouts.Nic("vhost"), vms), {bench.cpus[0]}, subject)
        ms = (time.monotonic() - at) * 1000
        return ms, resident_mb(made.main.pid)


def scale(bench, case):
    result = Result([])
    port = "null" if bench.abilities["null"] else "vhost"
    many = layouts.spread(MANY, MANY, 1, port=port)
    single = layouts.spread(1, 1, 1)
    for number in range(min(TIMES, bench.rounds)):
        figures = {}
        for subject in case.subjects:
            bench.progress(f"{case.name}: round {number + 1}, {subject}")
            try:
                ms, mb = one(bench, subject, single)
            except Trouble as e:
                if subject == "vmqd":
                    raise
                result.missing[subject] = str(e)
                continue
            figures[subject] = {"start ms, 1 VM": ms, "memory MB, 1 VM": mb}
            if subject == "vmqd":
                more_ms, more_mb = one(bench, subject, many)
                figures[subject] |= {
                    "start ms, 1,024 queues": more_ms, "allocate 1,024 queues ms": more_ms - ms,
                    "memory KB per queue and VM": (more_mb - mb) * 1024 / (MANY - 1)}
        result.rounds.append(figures)
    result.notes.append("memory of OVS-DPDK and testpmd is what they were given; ours is what it "
                        f"takes, of {port}: VMs with 64 buffers each")
    return result
