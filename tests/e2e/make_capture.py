#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a small pcap of Ethernet frames that standard input describes, one a line:

    [COUNT x] DESTINATION SOURCE LENGTH [tag=TCI] [type=HEX] [wire=LENGTH]

LENGTH is the frame's whole length in the file, with its tag. Where it is less
than a header, the frame is what fits. 'wire' says that the frame was longer and
the record holds only its beginning. Every frame's payload is another. With
--big-endian or --nanoseconds the file is of that kind.

    make_capture.py FILE [--big-endian] [--nanoseconds] [--link TYPE]
"""

import struct
import sys

NAMES = {"all": "ff:ff:ff:ff:ff:ff", "group": "01:00:5e:00:00:fb"}


def address(text):
    text = NAMES.get(text, text)
    if len(text) <= 2:
        text = "52:54:00:00:00:" + text
    return bytes.fromhex(text.replace(":", ""))


def frame(words, serial):
    options = dict(w.split("=") for w in words[3:])
    head = address(words[0]) + address(words[1])
    if "tag" in options:
        head += struct.pack(">HH", 0x8100, int(options["tag"]))
    head += struct.pack(">H", int(options.get("type", "88b5"), 16))
    length = int(words[2])
    # Never zero, so that padding can be told from payload.
    payload = (struct.pack(">I", serial | 0x80808080) + bytes(range(1, 256))) * (length // 259 + 1)
    return (head + payload)[:length], int(options.get("wire", length))


def main():
    order = ">" if "--big-endian" in sys.argv else "<"
    magic = 0xa1b23c4d if "--nanoseconds" in sys.argv else 0xa1b2c3d4
    link = int(sys.argv[sys.argv.index("--link") + 1]) if "--link" in sys.argv else 1
    serial = 0
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link))
        for line in sys.stdin:
            words = line.split("#")[0].split()
            if not words:
                continue
            count = int(words[0]) if words[1] == "x" else 1
            for _ in range(count):
                data, wire = frame(words[2:] if words[1] == "x" else words, serial)
                out.write(struct.pack(order + "IIII", 1700000000 + serial // 1000, serial % 1000,
                                      len(data), wire) + data)
                serial += 1


main()
