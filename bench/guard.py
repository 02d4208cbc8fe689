#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails when the data path costs over 3 % more instructions a frame than bench/guard.json
records: see bench/README.md."""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True   # the tree stays as it is
import datapath   # noqa: E402

RECORD = f"{datapath.TOP}/bench/guard.json"
FRAMES = 12000
MORE = 1.03
AGAIN = 2
SKIPPED = 77


def compiler(vmqd):
    """What made it, and the kind of build: another makes other instructions."""
    said = subprocess.run(["readelf", "-p", ".comment", vmqd], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return " ".join(sorted({line.split("]", 1)[1].strip() for line in said.splitlines()
                            if "]" in line}))


def count(vmqd, name):
    """Instructions a frame by source file: ours alone, for what libraries run depends on the
    CPU; and without the captures'."""
    cost, _ = datapath.by_file(datapath.measure(vmqd, datapath.WAYS[name], FRAMES, False))
    return {file: round(n, 1) for file, n in cost.items() if abs(n) >= 0.5}


def measure(vmqd, ways):
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return dict(zip(ways, pool.map(lambda name: count(vmqd, name), ways)))


def total(files):
    return sum(files.values())


def least(vmqd, counts, then):
    """What is too much is counted again: rounds that find nothing between frames only add to it,
    and how many there are the machine says."""
    for name, files in then.items():
        for _ in range(AGAIN):
            if total(counts[name]) > total(files) * MORE:
                counts[name] = min(counts[name], count(vmqd, name), key=total)


def record(vmqd, counts, reason):
    try:
        with open(RECORD, encoding="utf-8") as f:
            book = json.load(f)
    except FileNotFoundError:
        book = {"history": []}
    book["compiler"] = compiler(vmqd)
    book["ways"] = {name: dict(sorted(files.items())) for name, files in counts.items()}
    book["history"].append({"reason": reason,
                            "all": {name: round(total(files))
                                    for name, files in counts.items()}})
    with open(RECORD, "w", encoding="utf-8") as f:
        json.dump(book, f, indent=1)
        f.write("\n")


def compare(name, now, then):
    """A line for the way, and where it grew; returns whether it may."""
    new, old = total(now), total(then)
    ok = new <= old * MORE
    print(f"{name}: {new:.0f} instructions a frame, recorded {old:.0f}: "
          f"{100 * (new / old - 1):+.1f} %{'' if ok else ', more than 3 %'}")
    grown = {f: now.get(f, 0) - then.get(f, 0) for f in now.keys() | then.keys()}
    for file, more in sorted(grown.items(), key=lambda item: -item[1]):
        if not ok and more >= 1:
            print(f"  {more:+6.0f}  {file} ({then.get(file, 0):.0f} to {now.get(file, 0):.0f})")
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", metavar="REASON",
                        help="writes down what it is now, and why it changed")
    parser.add_argument("vmqd", help="as tools/build.sh makes it: build/src/host/vmqd")
    args = parser.parse_args()
    vmqd = os.path.realpath(args.vmqd)
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        sys.exit(SKIPPED)
    if args.record:
        record(vmqd, measure(vmqd, list(datapath.WAYS)), args.record)
        return
    with open(RECORD, encoding="utf-8") as f:
        book = json.load(f)
    if compiler(vmqd) != book["compiler"]:
        print(f"recorded with {book['compiler']}, this is {compiler(vmqd)}: not to be compared")
        sys.exit(SKIPPED)
    counts = measure(vmqd, list(book["ways"]))
    least(vmqd, counts, book["ways"])
    if not all([compare(name, counts[name], files) for name, files in book["ways"].items()]):
        print("If it must cost more, say why: bench/guard.py --record 'REASON' "
              "build/src/host/vmqd, and commit bench/guard.json")
        sys.exit(1)


main()
