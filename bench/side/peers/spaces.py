# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces with a NIC for a switch that needs an interface."""
import itertools
import os

from lab import command

numbers = itertools.count()


def space(lab):
    """A namespace of our own."""
    return lab.namespace(f"openvmq-bench-{os.getpid()}-{next(numbers)}")


def inside(name):
    """The words before a program that runs in it."""
    return ("ip", "netns", "exec", name)


def ip(name, *words):
    command("ip", "-n", name, *words)


def run(name, *words):
    command(*inside(name), *words)


def wire(name, nic="nic0", generator="gen0"):
    """A pair: the switch's NIC, and the generator's end of it. Quiet: without IPv6."""
    run(name, "sh", "-c",
        "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || true")
    ip(name, "link", "add", nic, "type", "veth", "peer", "name", generator)
    for end in (nic, generator):
        ip(name, "link", "set", end, "up", "promisc", "on")


def steer(name, interface, cpus):
    """What comes in there is handled on the switch's CPU, not on the sender's."""
    mask = f"{sum(1 << c for c in cpus):x}"
    run(name, "sh", "-c", f"echo {mask} >/sys/class/net/{interface}/queues/rx-0/rps_cpus")
