#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions per frame of vmqd's data path, by source file: see bench/README.md."""
import argparse
import collections
import os
import re
import struct
import subprocess
import tempfile

TOP = os.path.realpath(f"{os.path.dirname(__file__)}/..")
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

# Valgrind does not know epoll_pwait2(), and a worker that cannot sleep spins.
SLEEP = """
#include <sys/epoll.h>
int epoll_pwait2(int e, struct epoll_event *events, int n, const struct timespec *t,
		 const sigset_t *mask)
{
	return epoll_pwait(e, events, n, (int)((t->tv_nsec + 999999) / 1000000), mask);
}
"""


def capture(path, destinations, source, frames):
    """A pcap of that many frames of 60 bytes, UDP, to one destination after the other."""
    ip = bytes.fromhex("4500002e00004000401166a20a0000010a000002")
    udp = bytes.fromhex("00350035001a0000") + bytes(18)
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(frames):
            frame = destinations[i % len(destinations)] + source + b"\x08\x00" + ip + udp
            f.write(struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)


def name_of(table, text):
    """callgrind writes a name once, as "(3) name", and then "(3)"."""
    number, name = re.match(r"\((\d+)\)(?: (.*))?", text).groups()
    if name:
        table[number] = name
    return table[number]


def profile(path):
    """Instructions by (file, function), what they call in libraries without source too."""
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
                if ours(ob) and not ours(callee):
                    cost[fn] += amount
                callee = ob
            elif line[0] in "+-*0123456789" and ours(ob):
                cost[fn] += int(line.split()[1])
    return cost


def run(vmqd, way, frames, folder):
    sender, to, adapter, vm, more = way
    for name in ("wire", "a", "b"):
        capture(f"{folder}/{name}.pcap", to, WIRE if name == "wire" else A,
                frames if name == sender else 0)
    with open(f"{folder}/host.yaml", "w") as f:
        f.write(CONFIG.format(adapter=adapter, vm=vm, more=more,
                              processors=2 if "RssOr" in adapter else 1))
    out = f"{folder}/callgrind.out"
    subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
                    "--toggle-collect=kernel_worker_run", vmqd, "--quiet", "host.yaml"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "LD_PRELOAD": f"{folder}/sleep.so"})
    return profile(out)


def measure(vmqd, way, frames):
    """With 'frames' and with twice as many: start and end are in both."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/sleep.so", "-x", "c", "-"],
                       input=SLEEP, text=True, check=True)
        for name, used in (("count", FILTER), ("echo", PROTOCOL)):
            if way[2] == used:
                subprocess.run(f"{TOP}/tools/vmq-cc -o {folder}/{name}.so -DNDIS_WDM=1 "
                               f"-DNDIS630=1 {TOP}/tests/drivers/{name}/*.c",
                               shell=True, check=True)
        once, twice = (run(vmqd, way, n * frames, folder) for n in (1, 2))
    return {k: (twice[k] - once[k]) / frames for k in twice}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--functions", action="store_true", help="a line for each function")
    parser.add_argument("vmqd")
    parser.add_argument("way", nargs="*", default=list(WAYS), help=f"{', '.join(WAYS)} (the "
                        f"default); {', '.join(FEATURES)}")
    args = parser.parse_args()
    for name in args.way:
        cost, besides = collections.Counter(), 0
        way = {**WAYS, **FEATURES}[name]
        for (file, function), n in measure(os.path.realpath(args.vmqd), way, args.frames).items():
            file = re.sub(r".*/(src|include)/", "", file)
            if BESIDES.search(file):
                besides += n
            else:
                cost[f"{file} {function}" if args.functions else file] += n
        total = sum(cost.values())
        print(f"{name}: {total:.0f} instructions for a frame, and {besides:.0f} of the captures")
        for file, n in cost.most_common():
            if abs(n) >= 1:
                print(f"  {n:6.0f} {100 * n / total:4.0f} %  {file}")


main()
