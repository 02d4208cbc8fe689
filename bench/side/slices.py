# SPDX-License-Identifier: BSD-2-Clause
"""A B A B: short slices that take turns, and what can be said from them."""
import statistics
import time

import environment
from lab import Trouble

SPREAD = 0.20      # of the middle half of the ratios, by their median: above it nothing is told
STEAL = 0.02       # of a slice, taken by the hypervisor
WAITED = 0.10      # of a slice, that a busy thread waited for a CPU which others had
BUSY = 0.3         # of a slice on a CPU: a busy thread
DISTURBED = 1 / 3  # of all slices: with more the machine is too noisy


def quartiles(values):
    """First quartile, median, third."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def paired(rounds, figure, of, to):
    """The ratio of two subjects in each round that has both."""
    pairs = ((r.get(of, {}).get(figure), r.get(to, {}).get(figure)) for r in rounds)
    return [a / b for a, b in pairs if a is not None and b]


def ratio(rounds, figure, of, to, disturbed=0.0):
    """The median of the paired ratios, its quartiles, and whether the machine was too noisy."""
    values = paired(rounds, figure, of, to)
    if not values:
        return None
    q1, median, q3 = quartiles(values)
    return {"figure": figure, "of": of, "to": to, "median": median, "q1": q1, "q3": q3,
            "pairs": len(values), "values": values,
            "noisy": noisy(q1, median, q3, len(values), disturbed)}


def noisy(q1, median, q3, count, disturbed):
    """The reason why nothing can be told, or None."""
    if count < 2:
        return "one pair only"
    if disturbed > DISTURBED:
        return f"{disturbed:.0%} of the slices were disturbed"
    if median and (q3 - q1) / abs(median) > SPREAD:
        return f"the middle half of the ratios spreads over {(q3 - q1) / median:.0%}"
    return None


def summary(rounds, figure, subject):
    values = [r[subject][figure] for r in rounds
              if r.get(subject, {}).get(figure) is not None]
    if not values:
        return None
    q1, median, q3 = quartiles(values)
    return {"median": median, "q1": q1, "q3": q3, "values": values}


class Disturbance:
    """What took CPU time from a slice: the hypervisor, or others on this machine."""

    def __init__(self, stand):
        self.stand = stand
        self.steal, self.at = environment.steal_seconds(), time.monotonic()
        self.threads = stand.threads()

    def shares(self):
        """Of the slice: what the hypervisor took, and what the thread that waited longest did."""
        wall = time.monotonic() - self.at
        waited = 0.0
        for thread, (ran, waits) in self.stand.threads().items():
            before = self.threads.get(thread, (ran, waits))
            if (ran - before[0]) + (waits - before[1]) > BUSY * wall * 1e9:
                waited = max(waited, (waits - before[1]) / wall / 1e9)
        return (environment.steal_seconds() - self.steal) / wall, waited


def take(stand, settle, seconds):
    """One slice: its figures, and whether something came between."""
    stand.resume()
    try:
        stand.settle(settle)
        watch = Disturbance(stand)
        figures = stand.slice(seconds)
        steal, waited = watch.shares()
    finally:
        stand.pause()
    figures["steal"], figures["waited"] = steal, waited
    return figures, steal > STEAL or waited > WAITED


def alternate(stands, rounds, seconds, settle=0.05, progress=lambda text: None):
    """The rounds, each {subject: figures}, and the part of the slices that were disturbed.
    The order turns round each time, so that a machine that gets slower favours nobody. A
    disturbed slice is done again, once."""
    done, disturbed, slices = [], 0, 0
    names = list(stands)
    for number in range(rounds):
        figures = {}
        for name in names if number % 2 == 0 else reversed(names):
            figures[name], bad = take(stands[name], settle, seconds)
            if bad:
                figures[name], bad = take(stands[name], settle, seconds)
            slices += 1
            disturbed += bad
        done.append(figures)
        progress(f"round {number + 1} of {rounds}")
    if not done:
        raise Trouble("no rounds were asked for")
    return done, disturbed / slices
