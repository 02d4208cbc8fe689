#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""Says whether two captures hold the same frames, and each flow's in the same order.

A flow: two MAC addresses, the two IP addresses and, of TCP and UDP, the two ports;
other frames are one flow for each pair of MAC addresses. RSS keeps no less together.

    flow_order.py ONE OTHER
"""

import collections
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from office_reference import read_capture  # pylint: disable=wrong-import-position


def flow(frame):
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind = frame[at:at + 2]
    at += 2
    if kind == b"\x08\x00":
        head = (frame[at] & 15) * 4
        fragment = struct.unpack(">H", frame[at + 6:at + 8])[0] & 0x3fff
        ports = b"" if fragment or frame[at + 9] not in (6, 17) else frame[at + head:at + head + 4]
        return frame[:12] + frame[at + 12:at + 20] + ports
    if kind == b"\x86\xdd":
        ports = frame[at + 40:at + 44] if frame[at + 6] in (6, 17) else b""
        return frame[:12] + frame[at + 8:at + 40] + ports
    return frame[:12]


def flows(path):
    by_flow = collections.defaultdict(list)
    for record in read_capture(path)[0]:
        by_flow[flow(record[0])].append(record[0])
    return by_flow


def main():
    one, other = (flows(path) for path in sys.argv[1:3])
    if one == other:
        return 0
    for key in sorted(set(one) | set(other)):
        if one.get(key) != other.get(key):
            print("flow %s: %d frames in %s, %d in %s%s"
                  % (key.hex(), len(one.get(key, [])), sys.argv[1], len(other.get(key, [])),
                     sys.argv[2], ", in another order"
                     if sorted(one.get(key, [])) == sorted(other.get(key, [])) else ""))
    return 1


if __name__ == "__main__":
    sys.exit(main())
