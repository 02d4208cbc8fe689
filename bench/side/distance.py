# SPDX-License-Identifier: BSD-2-Clause
"""How far apart the switch's CPU and the guests' are now. A hypervisor moves its CPUs between cores
that share a cache and cores that do not, within seconds, and what crosses between them then takes
five times as long."""
import math
import subprocess

from lab import Trouble

SAME = 2.0   # two distances that differ by no more are the same


class Distance:
    """Asks bench/crossing, which ends with us: a cache line from one CPU to the other and back, in
    ns."""

    def __init__(self, program, cpus):
        try:
            self.process = subprocess.Popen([program, *map(str, cpus)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True)
        except OSError as e:
            raise Trouble(f"{program}: {e.strerror}; build it, as all else of bench") from None

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def same(one, other):
    """Whether two distances are the same; math.inf is none, and like no other."""
    return max(one, other) <= SAME * min(one, other) < math.inf
