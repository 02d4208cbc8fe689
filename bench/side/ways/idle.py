# SPDX-License-Identifier: BSD-2-Clause
"""Idle, per NIC kind: CPU use of the worker, and how long the first frame takes, both ways; beside
it, how long the machine takes to wake a thread at all."""
import json
import time

import environment
import layout as layouts
from bench import Result
from lab import Trouble, command
from peers.packet import Packet
from peers.vmqd import Vmqd
from traffic import Traffic

QUIET = 1.0       # seconds without a frame, for the CPU use
WAKE = "tests/e2e/first_frame"


def one(bench, kind, parameters):
    """Rounds of one NIC kind."""
    with bench.lab() as lab:
        maker = Vmqd if kind in ("vhost", "memif") else Packet
        made = maker(build=bench.build)
        vms = layouts.spread(1, 1, 1, port=parameters["vm"])
        made.start(lab, layouts.Layout(layouts.Nic(kind), vms), {bench.cpus[0]}, "vmqd")
        traffic = Traffic(lab, "traffic", [made.port(vms[0]), made.generator()], bench.cpus[1],
                          before=made.before)
        traffic.order("settle 200 limit=3000")
        for _ in range(max(2, bench.rounds // 4)):
            bench.progress(f"idle: {kind}")
            yield one_round(bench, made, traffic, parameters["gap"], parameters["count"])


def cpu_percent(made):
    """Of the worker that took most."""
    before = made.ask("worker.list")
    time.sleep(QUIET)
    return 100 * max((b["cpu_ns"] - a["cpu_ns"]) / (b["up_ns"] - a["up_ns"])
                     for a, b in zip(before, made.ask("worker.list")))


def first(traffic, to, sender, source, target, gap, count):
    """Nanoseconds of the first frames after silence."""
    # The order 'first' has no word for the source: a port's stream keeps its own.
    traffic.order(f"pace {sender} rate=1 count=1 from={source} to={target} size=60")
    answer = traffic.order(f"first {to} from={sender} count={count} gap={gap} to={target} size=60",
                           count * (gap / 1000 + 1) + 10)["first"]
    if answer["frames"] == 0:
        raise Trouble(f"no first frame arrived from {sender}")
    return answer


def wake_ns(bench, gap, count):
    """On the worker's CPU a thread that sleeps, on the other one who wakes it."""
    program = environment.TOP / bench.build / WAKE
    return json.loads(command(program, gap, count, seconds=count * gap / 1000 + 20))["floor_ns"]


def one_round(bench, made, traffic, gap, count):
    traffic.order("stop")
    vm = made.layout.vms[0]
    cpu = cpu_percent(made)
    way_in = first(traffic, vm.name, "nic", layouts.NIC_MAC, vm.macs[0], gap, count)
    way_out = first(traffic, "nic", vm.name, vm.macs[0], layouts.NIC_MAC, gap, count)
    return {"worker CPU %": cpu, "first frame p50 us": way_in["p50_ns"] / 1000,
            "first frame p99 us": way_in["p99_ns"] / 1000,
            "first frame out p50 us": way_out["p50_ns"] / 1000,
            "wake us": wake_ns(bench, gap, count) / 1000}


def idle(bench, case):
    result, rounds = Result([]), {}
    for kind in case.subjects:
        bench.progress(f"{case.name}: {kind}")
        try:
            rounds[kind] = list(one(bench, kind, case.parameters))
        except Trouble as e:
            result.missing[kind] = str(e)
    longest = max((len(r) for r in rounds.values()), default=0)
    result.rounds = [{k: r[i] for k, r in rounds.items() if i < len(r)} for i in range(longest)]
    return result
