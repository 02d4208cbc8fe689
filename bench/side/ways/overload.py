# SPDX-License-Identifier: BSD-2-Clause
"""A VM that does not keep up beside one that does, on one NIC and one worker."""
import layout as layouts
import stands
from bench import Result
from traffic import total
from ways.latency import PacedStand
from ways.rate import switch

SLOW = 20        # the slow VM takes one in so many of what it is sent


class BesideStand:
    """The same switch as 'both fast' and as 'one slow'; the counts are kept for the ledger."""

    def __init__(self, stand, slow):
        self.stand, self.slow = stand, slow     # frames a second that the other VM takes, or None

    def pause(self):
        self.stand.pause()

    def resume(self):
        self.stand.resume()

    def threads(self):
        return self.stand.threads()

    def settle(self, seconds):
        vm = self.stand.layout.vms[1]
        how = f"slow {vm.name} rate={self.slow}" if self.slow else f"receive {vm.name}"
        self.stand.traffic.order(f"{how} to={vm.macs[0]}")
        self.stand.traffic.measure(seconds)

    def slice(self, seconds):
        m = self.stand.traffic.measure(seconds)
        return {"fast VM's rate": total(m, "frames", ["vm0"]) / m["seconds"],
                "other VM's rate": total(m, "frames", ["vm1"]) / m["seconds"]}


def overload(bench, case):
    result = Result([])
    with bench.lab() as lab:
        vms = layouts.spread(2, 2, 1)
        layout = layouts.Layout(layouts.Nic("vhost"), vms)
        stand = PacedStand("vmqd", switch(bench, "placed"), lab, layout, bench.cpus,
                           lambda s: ["receive all"])
        stand.pause()
        bench.progress(f"{case.name}: the rate at which nothing is lost")
        highest = stand.lossless(bench.seconds / 2)
        rate = round(highest * 0.7)
        slow = max(1, rate // 2 // SLOW)
        stand.resume()
        stand.traffic.order(f"pace nic rate={rate} to={vms[0].macs[0]}+2 "
                            f"from={layouts.NIC_MAC} size=60")
        stand.pause()
        result.rounds, result.disturbed = bench.take_turns(
            case, {"both fast": BesideStand(stand, None), "one slow": BesideStand(stand, slow)})
        result.checks = stand.checks()
        result.settings["vmqd"] = stand.switch.notes
    result.checks += ledger_of_a_slow_vm(bench, case, rate, slow)
    result.notes.append(f"{rate / 1e6:.2f} Mpps to two VMs by turns, 70 % of what is lost "
                        f"nothing of; the slow one takes {slow:,} frames a second")
    return result


def ledger_of_a_slow_vm(bench, case, rate, slow):
    """A run of its own: what was sent is what both VMs had and what is in the slow one's ledger."""
    bench.progress(f"{case.name}: the ledger")
    with bench.lab() as lab:
        vms = layouts.spread(2, 2, 1)
        stand = PacedStand("vmqd", switch(bench, "placed"), lab,
                           layouts.Layout(layouts.Nic("vhost"), vms), bench.cpus,
                           lambda s: ["receive vm0", f"slow vm1 rate={slow}"])
        t = stand.traffic
        t.order(f"pace nic rate={rate} count={rate} to={vms[0].macs[0]}+2 "
                f"from={layouts.NIC_MAC} size=60")
        t.order("settle 100 limit=5000", 10)
        counts = t.order("totals")["ports"]
        ledger = {v["vm"]: drops(v) for v in stand.switch.ledger()["vms"]}
    sent, fast, other = counts["nic"]["sent"], counts["vm0"]["frames"], counts["vm1"]["frames"]
    fine = ledger["vm0"] == 0 < ledger["vm1"] and sent == fast + other + ledger["vm1"]
    verdict = "every drop stands in the slow VM's ledger" if fine else "WRONG: drops elsewhere"
    return [f"{verdict}: "
            f"{sent} sent, {fast} to the fast VM, {other} to the slow one; dropped: "
            f"{ledger['vm0']} of the fast, {ledger['vm1']} of the slow"]


def drops(vm):
    return sum(vm["wire_drops"].values()) + sum(vm["port_drops"].values())
