#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures our switch beside its peers, in slices that take turns. bench/README.md has more."""
import argparse
import dataclasses
import json
import os
import pathlib
import signal
import sys

sys.dont_write_bytecode = True   # the tree stays as it is

import cases          # noqa: E402
import environment    # noqa: E402
import report         # noqa: E402
from bench import Bench             # noqa: E402
from lab import Trouble, two_cpus   # noqa: E402
from ways import WAYS               # noqa: E402

HUGE_MB = 5120          # for four switches with their guests
HUGE_FULL_MB = 9216     # for six


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog="Status: 0 all cases were "
                                     "measured and what arrived was what was sent, 1 not so, 2 "
                                     "wrong command line.")
    parser.add_argument("case", nargs="*", help="names or globs of cases; without any: the core")
    parser.add_argument("--list", action="store_true", help="the cases, and what they are")
    parser.add_argument("--full", action="store_true", help="all cases, not the core only")
    parser.add_argument("--only", metavar="SUBJECT,...", help="of each case only these switches")
    parser.add_argument("--base", metavar="BUILD", help="compare with this build of ours, not with "
                        "peers")
    parser.add_argument("--build", default="build", help="our build (build)")
    parser.add_argument("--rounds", type=int, default=24, help="rounds of slices (24)")
    parser.add_argument("--out", type=pathlib.Path, default=environment.TOP / "out/bench",
                        help="folder of report.md, report.json and plots (out/bench)")
    parser.add_argument("--json", action="store_true",
                        help="print the JSON instead of the Markdown")
    parser.add_argument("--no-hugepages", action="store_true", help="do without hugepages")
    parser.add_argument("--polite", action="store_true", help="do not go before all else on "
                        "the machine (nice -20), as root otherwise does")
    parser.add_argument("--keep", action="store_true", help="keep the folders with logs")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    options = parser.parse_args()
    try:
        options.cases = cases.chosen(options.case, options.full)
    except KeyError as e:
        parser.error(f"no case is called {e.args[0]}; --list shows all")
    if options.rounds < 2:
        parser.error("at least two rounds are needed")
    if options.base:
        options.cases = [c for c in map(compared, options.cases) if c]
    if options.only:
        only = options.only.split(",")
        options.cases = [dataclasses.replace(c, subjects=tuple(s for s in c.subjects if s in only))
                         for c in options.cases]
    if not all(c.subjects for c in options.cases) or not options.cases:
        parser.error("nothing is left to measure")
    return options


def compared(case):
    """The same case of two builds of ours; None: it is none of both."""
    if case.way not in ("rate", "latency"):
        return None
    return dataclasses.replace(case, subjects=("this", "base"), pairs=(("this", "base"),),
                               targets=())


def measure(bench, chosen):
    """All cases: the entries, and why some failed."""
    done, failed = [], {}
    for case in chosen:
        try:
            entry = report.entry(case, WAYS[case.way](bench, case))
        except Trouble as e:
            failed[case.name] = str(e)
            bench.progress(f"{case.name}: FAILED: {e}", last=True)
            continue
        done.append(entry)
        bench.progress(f"{case.name}: {short(entry)}", last=True)
    return done, failed


def short(entry):
    """A case in one line."""
    said = [f"{t['of']}{'/' + t['to'] if t['to'] else ''} {t['value']:.2f} {t['verdict']}"
            for t in entry["targets"] if t["value"] is not None]
    said = said or [f"{r['of']}/{r['to']} {r['median']:.2f}{' (too noisy)' if r['noisy'] else ''}"
                    for r in entry["ratios"] if r["figure"] == entry["plot"]]
    return ", ".join(said + entry["failed"]) or "done"


def stop_once(*_):
    """As Ctrl-C, but a second signal, as timeout(1) sends it, must not cut short the cleaning up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    options = arguments()
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)   # who has seen enough closes the pipe
        for c in options.cases if options.case else cases.CASES.values():
            print(f"{'core' if c.core else '    '}  {c.name:<48} {c.text}")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_once)
    try:
        cpus = two_cpus()
        machine = environment.describe()
        many = any(len(c.subjects) > 4 and c.way == "rate" for c in options.cases)
        with environment.hugepages(HUGE_FULL_MB if many else HUGE_MB,
                                   not options.no_hugepages) as (huge, said):
            bench = Bench(cpus, huge, options.rounds, options.quiet, options.build, options.base,
                          options.keep, not options.polite and os.geteuid() == 0)
            machine |= {"hugepages": said, "switch_cpu": cpus[0], "guest_cpu": cpus[1],
                        "nice": -20 if bench.first else 0}
            done, failed = measure(bench, options.cases)
    except Trouble as e:
        print(f"run.py: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nrun.py: stopped", file=sys.stderr)
        return 130
    result = {"environment": machine, "cases": done, "failed": failed}
    report.write(result, options.out)
    if options.json:
        json.dump(result, sys.stdout, indent=1)
    else:
        print((options.out / "report.md").read_text())
        print(f"In {options.out}: report.md, report.json and the plots.", file=sys.stderr)
    return 1 if failed or any(e["failed"] for e in done) else 0


if __name__ == "__main__":
    sys.exit(main())
