#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's frames, by bench/traffic/README.md alone.

    traffic_frames.py write FILE SPEC...     a capture; a SPEC is FLOW/SEQUENCE[/CHANGE]..., where a
                                             SEQUENCE may be a range A-B, or "strange"
    traffic_frames.py read FILE              what each frame is, one a line:
                                             MAC SOURCE VLAN FLOW SEQUENCE SIZE, or 'wrong ...'

Changes: to=MAC, size=N, vlan=N, of=N (looped, of so many), pad=N, and damage to
one byte: check, sequence, pattern, last, ipsum, short (a byte less).
"""

import struct
import sys

LIVE, LOOPED = 20310, 20311
BASE = "52:54:00:00:00:01"
SOURCE = bytes.fromhex("020000000001")


def ip_sum(header):
    total = sum(struct.unpack(">10H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def check_of(mac, flow, sequence, length):
    number = (int.from_bytes(mac, "little") | flow << 48) ^ (sequence | length << 32)
    return number * 0x9E3779B97F4A7C15 % 2**64 >> 48


def frame(mac, flow, sequence, size=60, vlan=None, of=None):
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    length = size - 14 - len(tag)
    payload = bytearray(i & 255 for i in range(length - 28))
    payload[:14] = struct.pack("<HIQ", check_of(mac, flow, sequence, length), sequence, of or 1)
    if len(payload) >= 22:
        payload[-4:] = struct.pack("<I", sequence)
    ip = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                               bytes([10, 0, 0, 1]), bytes([10, 0, flow >> 8, flow & 255])))
    ip[10:12] = struct.pack(">H", ~ip_sum(ip) & 0xffff)
    udp = struct.pack(">HHHH", flow, LOOPED if of else LIVE, length - 20, 0)
    return bytearray(mac + SOURCE + tag + b"\x08\x00" + ip + udp + payload)


def changed(spec):
    """The frames of one SPEC."""
    flow, sequence, *changes = spec.split("/")
    keys = dict(c.split("=") for c in changes if "=" in c)
    first, _, last = sequence.partition("-")
    vlan = int(keys["vlan"]) if "vlan" in keys else None
    of = int(keys["of"]) if "of" in keys else None
    for n in range(int(first), int(last or first) + 1):
        made = frame(bytes.fromhex(keys.get("to", BASE).replace(":", "")), int(flow), n,
                     int(keys.get("size", 60)), vlan, of)
        start = 14 if vlan is None else 18
        places = {"check": start + 28, "sequence": start + 30, "pattern": start + 28 + 15,
                  "last": len(made) - 1, "ipsum": start + 10}
        for change in changes:
            if change in places:
                made[places[change]] ^= 0x10
            if change == "short":
                made.pop()
        yield made.ljust(int(keys.get("pad", 0)), b"\0")


def write(path, specs):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for spec in specs:
            for made in [b"\xff" * 60] if spec == "strange" else changed(spec):
                out.write(struct.pack("<IIII", 0, 0, len(made), len(made)) + made)


def told(data):
    """One line on a frame that was sent: everything but its time is what it must be."""
    vlan = struct.unpack(">H", data[14:16])[0] if data[12:14] == b"\x81\x00" else None
    start = 14 if vlan is None else 18
    flow = struct.unpack(">H", data[start + 20:start + 22])[0]
    _, sequence, stamp = struct.unpack("<HIQ", data[start + 28:start + 42])
    want = frame(data[:6], flow, sequence, len(data), vlan)
    want[6:12] = data[6:12]
    want[start + 34:start + 42] = data[start + 34:start + 42]
    # Addresses of IPv4 but the flow's are nobody's business.
    if want != data or not stamp:
        return f"wrong {data.hex()}"
    return f"{data[:6].hex(':')} {data[6:12].hex(':')} {vlan or '-'} {flow} {sequence} {len(data)}"


def read(path):
    with open(path, "rb") as f:
        f.read(24)
        while head := f.read(16):
            print(told(f.read(struct.unpack("<IIII", head)[2])))


if sys.argv[1] == "write":
    write(sys.argv[2], sys.argv[3:])
else:
    read(sys.argv[2])
