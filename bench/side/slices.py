# SPDX-License-Identifier: BSD-2-Clause
"""A B A B: short slices that take turns, and what can be said from them."""
import math
import statistics
import time

import environment
from distance import SAME, same
from lab import Trouble

SPREAD = 0.20      # of the middle half of the ratios, by their median: above it nothing is told
STEAL = 0.02       # of a slice, taken by the hypervisor
WAITED = 0.10      # of a slice, that a busy thread waited for a CPU which others had
BUSY = 0.3         # of a slice on a CPU: a busy thread
DISTURBED = 1 / 3  # of all slices: with more the machine is too noisy
TRIES = 4          # at a slice with the CPUs as far apart as in the round's first
MORE = 6           # rounds, while in none all slices had the CPUs as far apart
TELLS = 3          # pairs with near CPUs tell something by themselves


def quartiles(values):
    """First quartile, median, third."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def paired(rounds, figure, of, to, most=math.inf):
    """The ratio of two subjects in each round that has both, with the CPUs as far apart, and no
    further than 'most'."""
    pairs = ((r[of], r[to]) for r in rounds if of in r and to in r)
    return [a[figure] / b[figure] for a, b in pairs
            if a.get(figure) is not None and b.get(figure)
            and same(a["distance"], b["distance"]) and max(a["distance"], b["distance"]) <= most]


def told(values, disturbed):
    """Of paired ratios the median, its quartiles, and whether the machine was too noisy."""
    q1, median, q3 = quartiles(values)
    return {"median": median, "q1": q1, "q3": q3, "pairs": len(values), "values": values,
            "noisy": noisy(q1, median, q3, len(values), disturbed)}


def ratio(rounds, figure, of, to, disturbed=0.0):
    """What the paired ratios tell; and where the CPUs were not always near each other, what those
    pairs tell in which they were."""
    values = paired(rounds, figure, of, to)
    if not values:
        return None
    near = paired(rounds, figure, of, to,
                  SAME * min(f["distance"] for r in rounds for f in r.values()))
    found = {"figure": figure, "of": of, "to": to} | told(values, disturbed)
    return found | {"near": told(near, disturbed) if 0 < len(near) < len(values) else None}


def best(found):
    """What there is to go by: all pairs, or those with near CPUs where all together tell nothing."""
    near = found.get("near")
    if found.get("noisy") and near and near["pairs"] >= TELLS and not near["noisy"]:
        return near
    return found


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


def take(stand, settle, seconds, distance):
    """One slice: its figures, and whether something came between."""
    before = distance()
    stand.resume()
    try:
        stand.settle(settle)
        watch = Disturbance(stand)
        figures = stand.slice(seconds)
        steal, waited = watch.shares()
    finally:
        stand.pause()
    after = distance()
    figures["steal"], figures["waited"] = steal, waited
    # A CPU that was moved meanwhile was at neither.
    figures["distance"] = max(before, after) if same(before, after) else math.inf
    return figures, steal > STEAL or waited > WAITED


def steady(stand, settle, seconds, distance, like):
    """A slice, if there is one in so many tries, with the CPUs as far apart as 'like' (None: as they
    are). A disturbed one is done again, once."""
    for number in range(TRIES):
        figures, bad = take(stand, settle, seconds, distance)
        if same(figures["distance"], like or figures["distance"]) and (number or not bad):
            break
    return figures, bad


def is_even(figures):
    """Whether each slice of the round is a pair with each other one."""
    distances = [f["distance"] for f in figures.values()]
    return same(min(distances), max(distances))


def alternate(stands, rounds, seconds, settle=0.05, progress=lambda text: None,
              distance=lambda: 0.0):
    """The rounds, each {subject: figures}, and the part of the slices that were disturbed.
    The order turns round each time, so that a machine that gets slower favours nobody. There are
    some more rounds than were asked for while none has anything to compare."""
    done, disturbed, slices = [], 0, 0
    names = list(stands)
    for number in range(rounds + MORE):
        if number >= rounds and any(map(is_even, done)):
            break
        figures, like = {}, None
        for name in names if number % 2 == 0 else reversed(names):
            figures[name], bad = steady(stands[name], settle, seconds, distance, like)
            if figures[name]["distance"] < math.inf:
                like = like or figures[name]["distance"]
            slices += 1
            disturbed += bad
        done.append(figures)
        progress(f"round {number + 1} of {rounds}")
    if not done:
        raise Trouble("no rounds were asked for")
    return done, disturbed / slices
