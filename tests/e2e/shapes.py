#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Frames of every shape, and what must become of each.

    shapes.py send INTERFACE          sends them all, as the kernel sends
    shapes.py check RESULT            compares RESULT, of 'vmq run --json', and the captures
                                      one.pcapng and ten.pcapng with what should have come

VM 'one' is 52:54:00:00:00:11, untagged; VM 'ten' is 52:54:00:00:00:12 on VLAN 10. A row of
shapes() is a name, the frame, where it must arrive ({VM: bytes}), and under which reason of
the two ledgers it is counted if nowhere.
"""

import json
import logging
import socket
import sys
import time

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (Dot1AD, Dot1Q, Ether, ICMP, IP, IPv6, IPv6ExtHdrDestOpt,  # noqa: E402
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, LLC, Raw,
                       SNAP, TCP, UDP, fragment, raw, rdpcap)

ONE, TEN, NOBODY = "52:54:00:00:00:11", "52:54:00:00:00:12", "52:54:00:00:00:99"
FROM = "52:54:00:00:01:00"
ALL, GROUP = "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb"
MTU = 1500


def payload(name, length):
    return (name.encode() + bytes(i & 0xff for i in range(length)))[:length]


def bare(frame):
    """Without its first tag."""
    return frame[:12] + frame[16:]


def shapes():
    rows = []

    def row(name, layers, to=None, reason=None):
        frame = layers if isinstance(layers, bytes) else raw(layers)
        rows.append((name, frame, {vm: make(frame) for vm, make in (to or {}).items()}, reason))

    def same(frame):
        return frame

    def plain(name, length, dst=ONE, kind=0x88B5):
        return raw(Ether(dst=dst, src=FROM, type=kind)) + payload(name, length - 14)

    one, ten = {"one": same}, {"ten": bare}
    # Lengths. The kernel lets no frame out that is shorter than its header.
    for length in (14, 15, 42, 59, 60, 61, 64, 65, 127, 128, 129, 1513, 1514):
        row(f"{length} bytes", plain(f"len{length}", length), one)
    for length in (1515, 1516):
        row(f"{length} bytes", plain(f"len{length}", length), reason="too_long")
    row("1600 bytes", plain("len1600", 1600), reason="nic_missed")   # beyond the port's buffers
    row("maximum with a tag", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("maxtag", MTU)), ten)
    row("beyond the maximum with a tag", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("maxtag", MTU + 1)), reason="too_long")
    row("all zero behind the header", raw(Ether(dst=ONE, src=FROM, type=0x0800)) + bytes(46), one)
    row("all zero, type and all", raw(Ether(dst=ONE, src=FROM, type=0)) + bytes(80), one)
    row("all ones", raw(Ether(dst=ONE, src=FROM, type=0xffff)) + b"\xff" * 80, one)
    # Tags.
    row("single tag", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("single", 60)), ten)
    row("tag with a priority", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, prio=7, type=0x88B5) /
        Raw(payload("prio", 60)), ten)
    row("tag with DEI", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, id=1, type=0x88B5) /
        Raw(payload("dei", 60)), ten)
    row("double tag", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10) / Dot1Q(vlan=20, type=0x88B5) /
        Raw(payload("double", 60)), ten)
    row("priority tag, VLAN 0", Ether(dst=ONE, src=FROM) / Dot1Q(vlan=0, prio=5, type=0x88B5) /
        Raw(payload("prio0", 60)), {"one": bare})
    row("VLAN 0, no priority", Ether(dst=ONE, src=FROM) / Dot1Q(vlan=0, type=0x88B5) /
        Raw(payload("zero", 60)), {"one": bare})
    row("service tag", Ether(dst=ONE, src=FROM) / Dot1AD(vlan=10, type=0x88B5) /
        Raw(payload("service", 60)), one)
    row("tag for the untagged", Ether(dst=ONE, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("tagged", 60)), reason="no_destination")
    row("another VLAN", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=11, type=0x88B5) /
        Raw(payload("other", 60)), reason="no_destination")
    row("VLAN 4095", Ether(dst=TEN, src=FROM) / Dot1Q(vlan=4095, type=0x88B5) /
        Raw(payload("4095", 60)), reason="no_destination")
    row("no tag for VLAN 10", plain("untagged", 60, TEN), reason="no_destination")
    row("a tag and nothing behind it", raw(Ether(dst=TEN, src=FROM) / Dot1Q(vlan=10, type=0x88B5)),
        ten)
    # What lies inside is nobody's business.
    row("LLC", raw(Ether(dst=ONE, src=FROM, type=43)) + raw(LLC(dsap=0x42, ssap=0x42, ctrl=3)) +
        payload("llc", 40), one)
    row("LLC and SNAP", raw(Ether(dst=ONE, src=FROM, type=50)) +
        raw(LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x88B5)) + payload("snap", 42), one)
    row("a length that is not so", plain("length", 60, kind=1500), one)
    for kind in (0x0001, 0x05dc, 0x05dd, 0x0600, 0x0806, 0x22f0, 0x8847, 0x88cc, 0x9100, 0xffff):
        row(f"type {kind:04x}", plain(f"type{kind:04x}", 70, kind=kind), one)
    v4 = IP(src="10.0.0.1", dst="10.0.0.2")
    row("UDP", Ether(dst=ONE, src=FROM) / v4 / UDP(sport=1, dport=2) / Raw(payload("udp", 99)), one)
    row("TCP", Ether(dst=ONE, src=FROM) / v4 / TCP(sport=1, dport=2, flags="S"), one)
    row("a wrong checksum", Ether(dst=ONE, src=FROM) / IP(src="10.0.0.1", dst="10.0.0.2", chksum=1) /
        UDP(sport=1, dport=2, chksum=1) / Raw(payload("wrong", 30)), one)
    for i, part in enumerate(fragment(v4 / UDP(sport=1, dport=2) / Raw(payload("fragment", 2900)),
                                      fragsize=1480)):
        row(f"IPv4 fragment {i}", Ether(dst=ONE, src=FROM) / part, one)
    v6 = IPv6(src="fe80::1", dst="fe80::2")
    row("IPv6 with extension headers", Ether(dst=ONE, src=FROM) / v6 / IPv6ExtHdrHopByHop() /
        IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting(addresses=["fe80::3"]) /
        UDP(sport=1, dport=2) / Raw(payload("ext", 50)), one)
    row("IPv6 fragment", Ether(dst=ONE, src=FROM) / v6 / IPv6ExtHdrFragment(offset=0, m=1, id=7) /
        Raw(payload("v6frag", 200)), one)
    row("ICMP", Ether(dst=ONE, src=FROM) / v4 / ICMP() / Raw(payload("icmp", 56)), one)
    # To many, and to none.
    row("broadcast", plain("broadcast", 64, ALL), one)
    row("broadcast on VLAN 10", Ether(dst=ALL, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("broad10", 60)), ten)
    row("broadcast on VLAN 11", Ether(dst=ALL, src=FROM) / Dot1Q(vlan=11, type=0x88B5) /
        Raw(payload("broad11", 60)), reason="no_destination")
    row("multicast", plain("multicast", 64, GROUP), one)
    row("multicast of IPv6", plain("multicast6", 64, "33:33:00:00:00:01"), one)
    row("multicast on VLAN 10", Ether(dst=GROUP, src=FROM) / Dot1Q(vlan=10, type=0x88B5) /
        Raw(payload("multi10", 60)), ten)
    row("to nobody here", plain("nobody", 64, NOBODY), reason="no_destination")
    row("from the VM's own address", raw(Ether(dst=ONE, src=ONE, type=0x88B5)) + payload("own", 50), one)
    row("to all zero", plain("tozero", 64, "00:00:00:00:00:00"), reason="no_destination")
    # The link's own, which end at a switch; and the first group address that does not.
    row("PAUSE", raw(Ether(dst="01:80:c2:00:00:01", src=FROM, type=0x8808)) +
        bytes([0, 1, 0xff, 0xff]) + bytes(42), reason="link_local")
    for last in range(16):
        row(f"to 01:80:c2:00:00:{last:02x}", plain(f"link{last}", 64, f"01:80:c2:00:00:{last:02x}"),
            reason="link_local")
    row("LLDP on VLAN 10", Ether(dst="01:80:c2:00:00:0e", src=FROM) / Dot1Q(vlan=10, type=0x88CC) /
        Raw(payload("lldp", 60)), reason="link_local")
    row("to 01:80:c2:00:00:10", plain("link16", 64, "01:80:c2:00:00:10"), one)
    return rows


def send(interface):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    for _, frame, _, _ in shapes():
        out.send(frame)
        time.sleep(0.001)
    print(len(shapes()))


def check(result):
    with open(result) as file:
        r = json.load(file)
    bad = 0
    got = {vm: [bytes(p) for p in rdpcap(f"{vm}.pcapng")] for vm in ("one", "ten")}
    reasons = {}
    for name, _, to, reason in shapes():
        for vm, frame in to.items():
            if frame in got[vm]:
                got[vm].remove(frame)
            else:
                print(f"{name}: VM {vm} did not get it as it should be")
                bad += 1
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
    for vm, left in got.items():
        for frame in left:
            print(f"VM {vm} got what it should not: {frame[:48].hex()}... of {len(frame)} bytes")
            bad += 1
    counted = {**r["wire"]["drops"], **r["ports"]["drops"]}
    if counted != reasons:
        print(f"counted {counted}, should be {reasons}")
        bad += 1
    sys.exit(bad > 0)


if __name__ == "__main__":
    {"send": send, "check": check}[sys.argv[1]](sys.argv[2])
