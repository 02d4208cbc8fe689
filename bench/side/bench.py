# SPDX-License-Identifier: BSD-2-Clause
"""What all cases share: how long, on which CPUs, which builds; and a case's result."""
import dataclasses
import functools
import sys
import time

import capture
import slices
from distance import Distance
from lab import Lab
from peers import vmqd

SECONDS, SETTLE = 0.25, 0.06


@dataclasses.dataclass
class Result:
    """What a way brings back: rounds of {subject: {figure: value}}, and what there is to say."""
    rounds: list
    disturbed: float = 0.0
    checks: list = dataclasses.field(default_factory=list)   # was all that arrived as sent?
    notes: list = dataclasses.field(default_factory=list)
    settings: dict = dataclasses.field(default_factory=dict)   # subject: how it was set
    missing: dict = dataclasses.field(default_factory=dict)    # subject: why it is not there


class Bench:
    def __init__(self, cpus, huge, rounds, quiet=False, build="build", base=None, keep=False,
                 first=False):
        self.cpus, self.huge, self.rounds, self.quiet = cpus, huge, rounds, quiet
        self.build, self.base, self.keep, self.first = build, base, keep, first
        self.seconds, self.settle = SECONDS, SETTLE
        self.abilities = vmqd.abilities(build)
        if base:
            self.abilities["macs"] = min(self.abilities["macs"], vmqd.abilities(base)["macs"])
        self.began = time.monotonic()

    def lab(self, huge=None):
        """A lab of its own for a case, with the capture that a discarding NIC is given to read."""
        return OpenLab(Lab(self.huge if huge is None else huge, self.keep, self.build,
                           self.first))

    def take_turns(self, case, stands, seconds=None, apart=True):
        """The rounds of the stands, and the part of disturbed slices. apart: the CPUs share work."""
        return slices.alternate(stands, self.rounds, seconds or self.seconds, self.settle,
                                lambda text: self.progress(f"{case.name}: {text}"),
                                self.distance if apart else lambda: 0.0)

    @functools.cached_property
    def distance(self):
        return Distance(f"{self.build}/bench/crossing", self.cpus)

    def progress(self, text, last=False):
        if self.quiet:
            return
        if sys.stderr.isatty():
            print(f"\r\033[K{self.passed():6.0f} s  {text}", end="\n" if last else "",
                  file=sys.stderr, flush=True)
        elif last:
            print(f"{self.passed():6.0f} s  {text}", file=sys.stderr, flush=True)

    def passed(self):
        return time.monotonic() - self.began


class OpenLab:
    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        self.lab.__enter__()
        self.lab.one_frame = capture.write(
            self.lab.folder / "one.pcap", capture.frames(["52:54:00:ff:ff:ff"], 60, at_least=1))
        return self.lab

    def __exit__(self, *what):
        return self.lab.__exit__(*what)
