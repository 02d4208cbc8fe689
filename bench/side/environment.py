# SPDX-License-Identifier: BSD-2-Clause
"""The machine: what it is, how busy it is, and its hugepages for as long as we need them."""
import contextlib
import os
import pathlib
import platform
import re
import subprocess
import time

PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
TOP = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def output(*argv, cwd=None):
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=20,
                              cwd=cwd).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def package(name):
    return output("dpkg-query", "-W", "-f=${Version}", name)


def meminfo(key):
    """In megabytes."""
    found = re.search(rf"^{key}: *(\d+) kB", read("/proc/meminfo"), re.M)
    return int(found[1]) // 1024 if found else 0


def steal_seconds():
    """What the hypervisor took, of all CPUs together, since the start."""
    return int(read("/proc/stat").split("\n", 1)[0].split()[8]) / os.sysconf("SC_CLK_TCK")


def busy_cpus(seconds=1.0):
    """How many CPUs others keep busy now."""
    def busy():
        f = [int(x) for x in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
        return (sum(f) - f[3] - f[4]) / os.sysconf("SC_CLK_TCK")
    before = busy()
    time.sleep(seconds)
    return (busy() - before) / seconds


def describe():
    cpu = re.search(r"model name\s*: (.*)", read("/proc/cpuinfo"))
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "cpu": cpu[1] if cpu else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mb": meminfo("MemTotal"),
        "kernel": platform.release(),
        "virtual": output("systemd-detect-virt") or
        ("yes" if "hypervisor" in read("/proc/cpuinfo") else "no"),
        "revision": output("git", "describe", "--always", "--dirty", cwd=TOP),
        "dpdk": package("libdpdk-dev") or package("dpdk"),
        "openvswitch": package("openvswitch-switch-dpdk"),
        "busy_before": round(busy_cpus(), 2),
    }


@contextlib.contextmanager
def hugepages(megabytes, wanted=True):
    """Reserves hugepages of 2 MB and mounts them where DPDK finds them, if we may; puts back what
    was. Yields whether they are there, and in words."""
    pages, mount, before = megabytes // 2, None, None
    if not wanted:
        yield False, "off, as asked"
        return
    try:
        before = int(PAGES.read_text())
        if meminfo("MemAvailable") < megabytes + 2048:
            yield False, f"off: less than {megabytes + 2048} MB of memory are free"
            return
        free = meminfo_pages("HugePages_Free")
        if free < pages:
            PAGES.write_text(str(before + pages - free))
        if meminfo_pages("HugePages_Free") < pages:
            PAGES.write_text(str(before))
            yield False, f"off: the kernel does not find {pages} pages of 2 MB"
            return
    except (OSError, ValueError) as e:
        yield False, f"off: {e}"
        return
    try:
        if " hugetlbfs " not in read("/proc/mounts"):
            mount = pathlib.Path("/dev/hugepages")
            made = not mount.exists()
            mount.mkdir(exist_ok=True)
            if subprocess.run(["mount", "-t", "hugetlbfs", "none", mount]).returncode:
                mount = None
        yield True, f"{pages} pages of 2 MB"
    finally:
        if mount:
            subprocess.run(["umount", mount])
            if made:
                mount.rmdir()
        PAGES.write_text(str(before))


def meminfo_pages(key):
    found = re.search(rf"^{key}: *(\d+)", read("/proc/meminfo"), re.M)
    return int(found[1]) if found else 0
