# SPDX-License-Identifier: BSD-2-Clause
"""The captures that stand for a NIC's incoming side (bench/traffic/README.md has the frame)."""
import random
import struct

SOURCE = bytes.fromhex("02000000aa01")
IMIX = [60] * 7 + [590] * 4 + [1514]
FLOWS = 16             # to each address: a VM has more than one peer
LOOPED_PORT = 20311
MULTIPLIER = 0x9E3779B97F4A7C15


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def ipv4(length, flow):
    header = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                                   bytes([10, 0, 0, 1]), bytes([10, 0, flow >> 8, flow & 255])))
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xffff) + (total >> 16)
    header[10:12] = struct.pack(">H", ~(total + (total >> 16)) & 0xffff)
    return header


def frame(mac, flow, sequence, of, size, vlan=None, arrives=None, source=SOURCE):
    """One of 'of' frames of a flow, without FCS. 'arrives': the destination that it arrives with,
    where the switch writes another one."""
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    length = size - 14 - len(tag)
    if length < 42:
        length = 42
    key = (int.from_bytes(arrives or mac, "little") | flow << 48) ^ (sequence | length << 32)
    payload = bytearray(i & 255 for i in range(length - 28))
    payload[:14] = struct.pack("<HIQ", key * MULTIPLIER % 2**64 >> 48, sequence, of)
    if len(payload) >= 22:
        payload[-4:] = struct.pack("<I", sequence)
    udp = struct.pack(">HHHH", flow, LOOPED_PORT, length - 20, 0)
    whole = mac + source + tag + b"\x08\x00" + ipv4(length, flow) + udp + payload
    return whole.ljust(size, b"\0")


def frames(macs, size, vlan=None, at_least=2048, arrives=None):
    """Equally many to each address, in up to 16 flows each; each flow in order, the flows
    mixed, the same each time."""
    flows = max(1, min(FLOWS, at_least // 2 // len(macs)))
    each = -(-at_least // (len(macs) * flows))
    order = [i for i in range(len(macs) * flows) for _ in range(each)]
    rng = random.Random(1)
    rng.shuffle(order)
    sizes = [IMIX[i % len(IMIX)] if size == "imix" else size for i in range(len(order))]
    rng.shuffle(sizes)
    arrives = mac_bytes(arrives) if arrives else None
    sequence = [0] * len(macs) * flows
    for i, n in zip(order, sizes):
        yield frame(mac_bytes(macs[i // flows]), i + 1, sequence[i], each, n, vlan, arrives)
        sequence[i] += 1


def write(path, made):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(made):
            f.write(struct.pack("<IIII", i // 10**6, i % 10**6, len(data), len(data)) + data)
    return path
