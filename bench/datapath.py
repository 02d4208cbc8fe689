#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions per frame of vmqd's data path, by source file: see bench/README.md."""
import argparse
import collections
import glob
import itertools
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(f"{os.path.dirname(__file__)}/..")
sys.dont_write_bytecode = True   # the tree stays as it is
sys.path.append(f"{TOP}/bench/side")
import capture   # noqa: E402
WIRE, A, B = (bytes.fromhex(m) for m in ("02aaaaaaaa01", "525400000001", "525400000002"))
BESIDES = re.compile(r"frame/(capture|pcapng)|nic_(capture|sink)|vmport_capture")

CONFIG = """
host: {{processors: {processors}, workers: 1}}
adapter: {{nic: "pcap:wire.pcap"{adapter}}}
vms:
  - {{name: a, mac: "52:54:00:00:00:01", port: "pcap:a.pcapng", sends: a.pcap{vm}}}
  - {{name: b, mac: "52:54:00:00:00:02", port: "pcap:b.pcapng", sends: b.pcap}}
{more}"""

# A VM whose guest may ask for offloads, so that the adapter's are turned on.
GUEST = '  - {name: c, mac: "52:54:00:00:00:03", port: "vhost-user:c.sock"}\n'
CLASSES = (", qos: {classes: [{strict: true, priorities: [7]}, "
           "{share: 100, priorities: [0, 1, 2, 3, 4, 5, 6]}]}")
FILTER = ", filters: [{driver: ./count.so}]"
PROTOCOL = ", protocols: [{driver: ./echo.so}]"

# name: (who sends, to whom, the adapter's keys, the VM's keys, more VMs)
WAYS = {
    "placed": ("wire", [A], "", "", ""),
    "loaned": ("wire", [A], ", receive: loaned", "", ""),
    "vm-to-nic": ("a", [WIRE], "", "", ""),
    "vm-to-vm": ("a", [B], "", "", ""),
}
FEATURES = {
    "rss": ("wire", [A], ', keywords: {"*RssOrVmqPreference": 0}', "", ""),
    "checksums": ("wire", [A], ", keywords: {VerifyChecksums: 1}", "", GUEST),
    "filter-in": ("wire", [A], FILTER, "", ""),
    "protocol-in": ("wire", [A], PROTOCOL, "", ""),
    "spread": ("a", [WIRE, WIRE[:5] + b"\x02"], "", "", ""),
    "classes": ("a", [WIRE], CLASSES, "", ""),
    "rate": ("a", [WIRE], "", ", rate: 400G", ""),
    "weight": ("a", [WIRE], "", ", weight: 10", ""),
    "filter-out": ("a", [WIRE], FILTER, "", ""),
    "protocol-out": ("a", [WIRE], PROTOCOL, "", ""),
}

# Valgrind does not know epoll_pwait2(), and a worker that cannot sleep spins. What is counted is
# cut in parts at each sleep, so that rounds with frames are told from those in vain, whose number
# depends on how busy the machine is.
SLEEP = """
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <valgrind/callgrind.h>

int epoll_pwait2(int e, struct epoll_event *events, int n, const struct timespec *t,
		 const sigset_t *mask)
{
	int ms = (int)((t->tv_nsec + 999999) / 1000000);

	CALLGRIND_DUMP_STATS;
	return epoll_pwait(e, events, n, ms < 200 ? 200 : ms, mask);
}
"""
IN_VAIN = 20000   # instructions: a part with fewer is rounds in vain


def write_frames(path, destinations, source, count):
    """A capture of that many frames of 60 bytes, UDP, to one destination after the other."""
    made = [capture.frame(to, 1, 0, 1, 60, source=source) for to in destinations]
    capture.write(path, itertools.islice(itertools.cycle(made), count))


def name_of(table, text):
    """callgrind writes a name once, as "(3) name", and then "(3)"."""
    number, name = re.match(r"\((\d+)\)(?: (.*))?", text).groups()
    if name:
        table[number] = name
    return table[number]


def profile(path, libraries):
    """Instructions by (file, function); with 'libraries' what they call there too."""
    cost = collections.Counter()
    files, functions, objects = {}, {}, {}
    ob = callee = fl = fn = ""

    def ours(name):
        return name.endswith(("/vmqd", "/count.so", "/echo.so"))

    with open(path) as f:
        for line in f:
            key, _, value = line.rstrip("\n").partition("=")
            if key == "ob":
                ob = callee = name_of(objects, value)
            elif key == "cob":
                callee = name_of(objects, value)
            elif key == "fl":
                fl = name_of(files, value)
            elif key in ("fi", "fe", "cfi", "cfl"):
                name_of(files, value)
            elif key == "fn":
                fn = fl, name_of(functions, value)
            elif key == "cfn":
                name_of(functions, value)
            elif key == "calls":
                amount = int(next(f).split()[1])
                if libraries and ours(ob) and not ours(callee):
                    cost[fn] += amount
                callee = ob
            elif line[0] in "+-*0123456789" and ours(ob):
                cost[fn] += int(line.split()[1])
    return cost


def environment(folder):
    """Without the verifier, which a test run may have turned on for all."""
    return {**{k: v for k, v in os.environ.items() if k != "OVMQ_VERIFIER"},
            "LD_PRELOAD": f"{folder}/sleep.so"}


def run(vmqd, way, frames, folder, libraries):
    sender, to, adapter, vm, more = way
    for name in ("wire", "a", "b"):
        write_frames(f"{folder}/{name}.pcap", to, WIRE if name == "wire" else A,
                     frames if name == sender else 0)
    with open(f"{folder}/host.yaml", "w") as f:
        f.write(CONFIG.format(adapter=adapter, vm=vm, more=more,
                              processors=2 if "RssOr" in adapter else 1))
    out = f"{folder}/callgrind"
    done = subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
                           "--toggle-collect=kernel_worker_run", vmqd, "--quiet", "host.yaml"],
                          cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, env=environment(folder), check=False)
    if done.returncode:
        raise SystemExit(f"{vmqd} fails under valgrind: {done.stderr.strip()[:400]}")
    parts = (profile(part, libraries) for part in glob.glob(f"{out}*"))
    return sum((p for p in parts if p.total() >= IN_VAIN), collections.Counter())


def measure(vmqd, way, frames, libraries=True):
    """Instructions for a frame by (file, function): of the rounds that frames came in, alone."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/sleep.so", "-x", "c", "-"],
                       input=SLEEP, text=True, check=True)
        for name, used in (("count", FILTER), ("echo", PROTOCOL)):
            if way[2] == used:
                subprocess.run(f"{TOP}/tools/vmq-cc -o {folder}/{name}.so -DNDIS_WDM=1 "
                               f"-DNDIS630=1 {TOP}/tests/drivers/{name}/*.c",
                               shell=True, check=True)
        cost = run(vmqd, way, frames, folder, libraries)
    return {k: n / frames for k, n in cost.items()}


def by_file(costs, functions=False):
    """Of what measure() gave: by source file, or function; and the captures' own work."""
    cost, besides = collections.Counter(), 0
    for (file, function), n in costs.items():
        file = re.sub(r".*/(src|include)/", "", file)
        if BESIDES.search(file):
            besides += n
        else:
            cost[f"{file} {function}" if functions else file] += n
    return cost, besides


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--functions", action="store_true", help="a line for each function")
    parser.add_argument("--engine", help="the filter engine (default: what vmqd has)")
    parser.add_argument("vmqd")
    parser.add_argument("way", nargs="*", default=list(WAYS), help=f"{', '.join(WAYS)} (the "
                        f"default); {', '.join(FEATURES)}")
    args = parser.parse_args()
    for name in args.way:
        way = {**WAYS, **FEATURES}[name]
        if args.engine:
            way = (*way[:2], way[2] + f", filter-engine: {args.engine}", *way[3:])
        costs = measure(os.path.realpath(args.vmqd), way, args.frames)
        cost, besides = by_file(costs, args.functions)
        total = sum(cost.values())
        print(f"{name}: {total:.0f} instructions for a frame, and {besides:.0f} of the captures")
        for file, n in cost.most_common():
            if abs(n) >= 1:
                print(f"  {n:6.0f} {100 * n / total:4.0f} %  {file}")


if __name__ == "__main__":
    main()
