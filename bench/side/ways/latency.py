# SPDX-License-Identifier: BSD-2-Clause
"""Latency at parts of the highest rate at which nothing is lost."""
import layout as layouts
import stands
from bench import Result
from lab import Trouble
from traffic import total
from ways.rate import switch

SIZE = 60
PARTS = (10, 50, 90)
HIGHEST = 8e6          # frames a second that are tried first
CLOSE = 1.06           # the search ends when the bounds are this near to each other
WINDOW = 0.0005        # seconds: short beside the time between two standstills of a busy machine


class PacedStand(stands.Stand):
    """One VM and a paced generator at the NIC."""

    def pace(self, rate):
        vm = self.switch.vms()[0]
        self.traffic.order(f"pace nic rate={round(rate)} to={vm.macs[0]} "
                           f"from={layouts.NIC_MAC} size={SIZE}")

    def loses(self, rate, seconds):
        """Whether frames are lost at that rate in most windows, or cannot even be sent."""
        self.pace(rate)
        self.traffic.measure(0.03)
        m = self.traffic.measure(seconds, window=WINDOW)
        return (2 * m["windows"]["clean"] < m["windows"]["n"] or
                total(m, "sent") < 0.98 * rate * m["seconds"])

    def lossless(self, seconds):
        """The highest rate without loss, by halving the interval."""
        self.resume()
        try:
            low, high = 0, HIGHEST
            while low < 1e4 or high / low > CLOSE:
                rate = (low + high) / 2
                if rate < 1e4:
                    raise Trouble(f"{self.name} loses frames at any rate: too noisy to tell, or "
                                  "broken")
                # A standstill may last for all of it: only thrice in a row counts.
                if all(self.loses(rate, seconds) for _ in range(3)):
                    high = rate
                else:
                    low = rate
            return low
        finally:
            self.pause()

    def slice(self, seconds):
        """All loads after each other."""
        figures = {}
        for part in PARTS:
            self.pace(self.highest * part / 100)
            self.traffic.measure(0.03)
            m = self.traffic.measure(seconds, latency=self.switch.vms()[0].name, window=WINDOW)
            self.slices += 1
            if stands.wrong(m):
                self.wrong.append(stands.wrong(m))
            spread = m["ports"][self.switch.vms()[0].name]["latency"]
            for p in ("p50", "p99", "p999"):
                figures[f"{p} at {part} %"] = m["windows"][f"{p}_ns"]
            figures[f"p99 of all at {part} %"] = spread["p99_ns"]
        return figures


def latency(bench, case):
    result, up = Result([]), {}
    with bench.lab() as lab:
        layout = layouts.Layout(layouts.Nic("vhost"), layouts.spread(1, 1, 1))
        for subject in case.subjects:
            bench.progress(f"{case.name}: starting {subject}")
            made = switch(bench, subject)
            try:
                up[subject] = PacedStand(subject, made, lab, layout, bench.cpus, lambda s: [
                    f"receive {s.vms()[0].name}"])
                up[subject].pause()
            except Trouble as e:
                if subject == "placed":
                    raise
                result.missing[subject] = str(e)
        lossless = {}
        for subject, stand in up.items():
            bench.progress(f"{case.name}: the rate at which {subject} loses nothing")
            lossless[subject] = stand.lossless(bench.seconds / 2)
        for stand in up.values():
            stand.highest = min(lossless.values())
        result.rounds, result.disturbed = bench.take_turns(case, up, bench.seconds / 2)
        for stand in up.values():
            result.checks += stand.checks()
            result.settings[stand.switch.title] = stand.switch.notes
    result.notes.append("loses nothing up to: " + ", ".join(
        f"{s} {r / 1e6:.2f} Mpps" for s, r in lossless.items()) +
        "; the loads are parts of the lowest of these, the same for all")
    return result
