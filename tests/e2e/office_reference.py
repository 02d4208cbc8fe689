#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""What a run must have done, computed a second time and by other means.

    office_reference.py CONFIG RESULT.json [--endless | --ledgers | --may-be-full]

CONFIG is what vmq ran, RESULT.json what 'vmq run --json' printed, and the
directory is the one that it ran in. Reads the captures that went in, applies
the rules, and compares with every capture that came out (byte by byte, and in
order within a flow) and with every count. Prints what differs, one line each,
and ends with 1; or prints one line that begins with "ok" and ends with 0.

--endless: the NIC repeats its capture and is stopped anywhere. Then only which
frames may appear is known, and not how often. --ledgers: only whether the counts
agree with each other. --may-be-full: VMs sent each other more than the switch
holds; what is missing at one must be counted there as port_full.

Shares no line with the program: no libpcap, no libfyaml, no scapy.
"""

import collections
import json
import os
import struct
import sys

# ---- captures ----

Record = collections.namedtuple("Record", "bytes wire_length time")


def read_pcap(data):
    """Records of a classic pcap, up to a cut-off one; and whether one was cut off."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<",
             b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[data[:4]]
    if struct.unpack(order + "I", data[20:24])[0] != 1:
        raise ValueError("not Ethernet")
    records, at = [], 24
    while at < len(data):
        if at + 16 > len(data):
            return records, True
        seconds, part, captured, length = struct.unpack(order + "IIII", data[at:at + 16])
        at += 16
        if at + captured > len(data):
            return records, True
        records.append(Record(data[at:at + captured], max(length, captured), (seconds, part)))
        at += captured
    return records, False


def read_options(order, data):
    options = {}
    while len(data) >= 4:
        code, length = struct.unpack(order + "HH", data[:4])
        if code == 0:
            break
        options.setdefault(code, []).append(data[4:4 + length])
        data = data[4 + (length + 3 & ~3):]
    return options


def read_pcapng(data):
    """Records of a pcapng with one section and one interface, and that interface's name."""
    records, name, at, order = [], None, 0, "<"
    while at < len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            if at:
                raise ValueError("a second section")
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}[data[at + 8:at + 12]]
        kind, length = struct.unpack(order + "II", data[at:at + 8])
        if length % 4 or length < 12 or at + length > len(data):
            raise ValueError("block at %d: length %d" % (at, length))
        if struct.unpack(order + "I", data[at + length - 4:at + length])[0] != length:
            raise ValueError("block at %d: its two lengths differ" % at)
        body = data[at + 8:at + length - 4]
        if kind == 1:
            if name is not None:
                raise ValueError("a second interface")
            if struct.unpack(order + "H", body[:2])[0] != 1:
                raise ValueError("not Ethernet")
            name = read_options(order, body[8:]).get(2, [b""])[0].decode()
        elif kind == 6:
            interface, high, low, captured, original = struct.unpack(order + "IIIII", body[:20])
            if interface != 0 or name is None:
                raise ValueError("block at %d: no such interface" % at)
            records.append(Record(body[20:20 + captured], original, high << 32 | low))
        at += length
    return records, name


def read_capture(path):
    """Records, whether the file is cut off, and the interface's name (pcapng)."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        records, name = read_pcapng(data)
        return records, False, name
    return read_pcap(data) + (None,)


# ---- the configuration: the part of YAML that examples and tests use ----

def scalar(text):
    text = text.strip()
    if text.startswith("["):
        return [scalar(t) for t in text.strip("[]").split(",") if t.strip()]
    if text[:1] in "\"'" and text:
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text


def read_config(path):
    """Mappings by indentation, "- " items, values on one line."""
    lines = []
    with open(path) as f:
        for line in f:
            line = line.split(" #")[0].rstrip()
            if line and not line.lstrip().startswith("#"):
                lines.append((len(line) - len(line.lstrip()), line.lstrip()))

    def block(i, indent):
        if lines[i][1].startswith("- "):
            items = []
            while i < len(lines) and lines[i][0] == indent and lines[i][1].startswith("- "):
                lines[i] = (indent + 2, lines[i][1][2:])
                value, i = block(i, indent + 2)
                items.append(value)
            return items, i
        mapping = {}
        while i < len(lines) and lines[i][0] == indent:
            key, _, value = lines[i][1].partition(":")
            if value.strip():
                mapping[key], i = scalar(value), i + 1
            else:
                mapping[key], i = block(i + 1, lines[i + 1][0])
        return mapping, i

    return block(0, 0)[0]


# ---- the rules ----

def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def is_tagged(frame):
    return frame[12:14] == b"\x81\x00"


def is_group(frame):
    return frame[0] & 1


def is_link_local(frame):
    return frame[:5] == b"\x01\x80\xc2\0\0" and frame[5] < 16


class Port:
    def __init__(self, name, vm, internal):
        self.name, self.internal = name, internal
        self.macs = [mac(m) for m in vm.get("macs") or [vm["mac"]]]
        self.vlan = vm.get("vlan", 0)
        self.spoofing = vm.get("spoofing", False)
        self.file = vm["port"].split(":", 1)[1]
        self.sends = vm.get("sends")
        self.own_queue = False
        self.sent_frames = self.sent_bytes = self.indicated = self.indicated_bytes = 0
        self.drops = collections.Counter()
        self.gets = []    # in no order but that within a flow


class Model:
    def __init__(self, config, directory):
        adapter = config["adapter"]
        self.mtu = adapter.get("mtu", 1500)
        self.out = adapter.get("out")
        self.queues = adapter.get("queues", 16)
        self.directory = directory
        self.ports = [Port(vm["name"], vm, False) for vm in config.get("vms", [])]
        for port in self.ports[:self.queues]:
            port.own_queue = True
        internal = config.get("switch", {}).get("internal")
        if internal:
            self.ports.append(Port("internal", internal, True))
        self.wire = []
        self.wire_drops, self.port_drops = collections.Counter(), collections.Counter()
        self.from_nic = self.indicated = self.copies = self.from_vms = 0
        self.default_frames = self.default_bytes = 0
        self.receive(adapter["nic"].split(":", 1)[1])
        for port in self.ports:
            if port.sends:
                self.send(port)

    def path(self, name):
        return name if name.startswith("/") else os.path.join(self.directory, name)

    def find(self, address, vlan):
        for port in self.ports:
            if port.vlan == vlan and address in port.macs:
                return port
        return None

    def flood(self, frame, vlan, sender):
        to = [p for p in self.ports if p.vlan == vlan and p is not sender]
        for port in to:
            port.gets.append(frame)
        return len(to)

    def receive(self, name):
        for record in read_capture(self.path(name))[0]:
            self.from_nic += 1
            why = self.not_received(record)
            if why:
                self.wire_drops[why] += 1
            else:
                self.indicated += 1
                self.take(record.bytes)

    def not_received(self, record):
        frame = record.bytes
        if record.wire_length > len(frame):
            return "truncated"
        tag = 4 if is_tagged(frame) else 0
        if len(frame) < 14 + tag:
            return "too_short"
        return "too_long" if len(frame) > self.mtu + 14 + tag else None

    def take(self, frame):
        """D1-D17: MAC and VLAN choose the queue, the tag goes to the OOB."""
        vlan = 0
        if is_tagged(frame):
            vlan = struct.unpack(">H", frame[14:16])[0] & 0xfff
            frame = frame[:12] + frame[16:]
        port = None if is_group(frame) else self.find(frame[:6], vlan)
        if port and port.own_queue:
            port.indicated += 1
            port.indicated_bytes += len(frame)
        else:
            self.default_frames += 1
            self.default_bytes += len(frame)
        if port:
            port.gets.append(frame)
        elif is_link_local(frame):
            self.port_drops["link_local"] += 1
        elif is_group(frame):
            n = self.flood(frame, vlan, None)
            self.copies += max(n - 1, 0)
            self.port_drops["no_destination"] += not n
        else:
            self.port_drops["no_destination"] += 1

    def send(self, port):
        for record in read_capture(self.path(port.sends))[0]:
            self.from_vms += 1
            port.sent_frames += 1
            frame = record.bytes
            whole = record.wire_length == len(frame)
            if whole and 14 <= len(frame) <= self.mtu + 18:
                port.sent_bytes += len(frame)    # it came as far as the switch
            why = self.not_sent(port, record)
            if why:
                port.drops[why] += 1
                self.port_drops[why] += 1
            else:
                self.leave(port, frame)

    def not_sent(self, port, record):
        frame = record.bytes
        if record.wire_length > len(frame) or not 14 <= len(frame) <= self.mtu + 14:
            return "bad_frame"
        if is_tagged(frame):
            return "foreign_vlan"
        if not port.spoofing and frame[6:12] not in port.macs:
            return "spoofed_mac"
        if is_link_local(frame):
            return "link_local"
        if not is_group(frame) and self.find(frame[:6], port.vlan) is port:
            return "no_destination"
        return None

    def leave(self, port, frame):
        to = None
        if is_group(frame):
            self.copies += self.flood(frame, port.vlan, port)
        else:
            to = self.find(frame[:6], port.vlan)
        if to:
            to.gets.append(frame)
            return
        if port.vlan:
            frame = frame[:12] + struct.pack(">HH", 0x8100, port.vlan) + frame[12:]
        self.wire.append(frame.ljust(60, b"\0"))


# ---- comparing ----

differences = []


def differ(text, *args):
    differences.append(text % args)


def equal(what, is_, should):
    if is_ != should:
        differ("%s: %s, should be %s", what, is_, should)


def flows(frames):
    """Frames of one source to one destination (and VLAN, where there is a tag)."""
    of = collections.defaultdict(list)
    for frame in frames:
        of[frame[:16] if is_tagged(frame) else frame[:12]].append(frame)
    return of


def read_out(path, interface):
    try:
        records, _, name = read_capture(path)
    except (OSError, ValueError, KeyError, struct.error) as e:
        differ("%s: cannot be read: %s", path, e)
        return []
    equal(path + ": interface", name, interface)
    if any(r.wire_length != len(r.bytes) for r in records):
        differ("%s: a record is cut off", path)
    if any(a.time > b.time for a, b in zip(records, records[1:])):
        differ("%s: time goes backwards", path)
    return [r.bytes for r in records]


def compare_rest(path, got, should, full):
    """'got' is 'should' without 'full' frames, and in its order within each flow."""
    equal(path + ": frames", len(got), len(should) - full)
    have = flows(got)
    for key, frames in flows(should).items():
        rest = iter(frames)
        if not all(frame in rest for frame in have.pop(key, [])):
            differ("%s: flow %s is out of order", path, key.hex())
    for key in have:
        differ("%s: frames of flow %s, which it never should have", path, key.hex())


def compare_frames(path, interface, should, endless, full=0):
    got = read_out(path, interface)
    if endless:
        foreign = collections.Counter(got).keys() - collections.Counter(should).keys()
        if foreign:
            differ("%s: %d frames that it never should have", path, len(foreign))
        return got
    if full:
        compare_rest(path, got, should, full)
        return got
    extra = collections.Counter(got) - collections.Counter(should)
    missing = collections.Counter(should) - collections.Counter(got)
    for frame, n in list(extra.items())[:3]:
        differ("%s: %d too many of %s (%d bytes)", path, n, frame[:18].hex(), len(frame))
    for frame, n in list(missing.items())[:3]:
        differ("%s: %d too few of %s (%d bytes)", path, n, frame[:18].hex(), len(frame))
    if not extra and not missing:
        have = flows(got)
        for key, frames in flows(should).items():
            if have[key] != frames:
                differ("%s: flow %s is out of order", path, key.hex())
    else:
        differ("%s: %d frames, should be %d", path, len(got), len(should))
    return got


def compare_port(port, row, endless, may_be_full):
    who = "vm " + port.name
    full = row["port_drops"].get("port_full", 0) if may_be_full else 0
    port.drops["port_full"] += full
    got = compare_frames(port.file, port.name, port.gets, endless, full)
    equal(who + ": frames_in", row["frames_in"], len(got))
    equal(who + ": bytes_in", row["bytes_in"], sum(map(len, got)))
    equal(who + ": own_queue", row["own_queue"], port.own_queue)
    equal(who + ": why", bool(row.get("why")), not port.own_queue)
    equal(who + ": vlan", row["vlan"], port.vlan)
    equal(who + ": macs", [mac(m) for m in row["macs"]], port.macs)
    equal(who + ": filters", row["filters"], len(port.macs) if port.own_queue else 0)
    equal(who + ": state", row["state"], "RUNNING" if port.own_queue else "")
    if endless:
        return
    equal(who + ": indicated", row["indicated"], port.indicated)
    equal(who + ": indicated_bytes", row["indicated_bytes"], port.indicated_bytes)
    equal(who + ": frames_out", row["frames_out"], port.sent_frames)
    equal(who + ": bytes_out", row["bytes_out"], port.sent_bytes)
    equal(who + ": port_drops", row["port_drops"], dict(+port.drops))
    equal(who + ": wire_drops", row["wire_drops"], {})


def compare_counts(model, result):
    wire, ports = result["wire"], result["ports"]
    full = sum(p.drops["port_full"] for p in model.ports)
    model.port_drops["port_full"] += full
    delivered = sum(len(p.gets) for p in model.ports if not p.internal) - full
    equal("from_nic", wire["from_nic"], model.from_nic)
    equal("indicated", wire["indicated"], model.indicated)
    equal("wire drops", wire["drops"], dict(+model.wire_drops))
    equal("from_wire", ports["from_wire"], model.indicated)
    equal("from_vms", ports["from_vms"], model.from_vms)
    equal("copies", ports["copies"], model.copies)
    equal("delivered", ports["delivered"], delivered)
    equal("consumed", ports["consumed"], sum(len(p.gets) for p in model.ports if p.internal))
    equal("to_wire", ports["to_wire"], len(model.wire))
    equal("port drops", ports["drops"], dict(+model.port_drops))
    equal("default queue", result["default_queue"]["indicated"], model.default_frames)
    equal("default queue, bytes", result["default_queue"]["indicated_bytes"], model.default_bytes)


def compare_ledgers(result):
    wire, ports = result["wire"], result["ports"]
    equal("the wire balances", wire["balances"], True)
    equal("the ports balance", ports["balances"], True)
    equal("the wire, added up", wire["indicated"] + sum(wire["drops"].values()), wire["from_nic"])
    equal("the ports, added up",
          ports["delivered"] + ports["consumed"] + ports["to_wire"] + sum(ports["drops"].values()),
          ports["from_wire"] + ports["from_vms"] + ports["copies"])
    # A run that is stopped may indicate what was on its way to a protocol that is
    # paused: the queue has counted it, and no protocol took it.
    equal("indicated, by queue",
          result["default_queue"]["indicated"] + sum(v["indicated"] for v in result["vms"]),
          wire["indicated"] + wire["drops"].get("no_protocol", 0))


def tell(verdict):
    print("\n".join(differences) or verdict)
    return 1 if differences else 0


def main():
    endless, may_be_full = "--endless" in sys.argv[3:], "--may-be-full" in sys.argv[3:]
    config_name, result_name = sys.argv[1:3]
    with open(result_name) as f:
        result = json.load(f)
    compare_ledgers(result)
    if "--ledgers" in sys.argv[3:]:
        return tell("ok: the ledgers balance")
    model = Model(read_config(config_name), os.path.dirname(os.path.abspath(config_name)))
    equal("number of ports", len(result["vms"]), len(model.ports))
    for port, row in zip(model.ports, result["vms"]):
        equal("name", row["vm"], "(host)" if port.internal else port.name)
        compare_port(port, row, endless, may_be_full)
    queues = [v["queue"] for v in result["vms"] if v["own_queue"]]
    equal("queue ids used twice", len(queues) - len(set(queues)), 0)
    if not endless:
        compare_counts(model, result)
    if model.out:
        compare_frames(model.out, "wire", model.wire, endless)
    return tell("ok: %d frames from the NIC, %d from VMs; %s; %d to the wire; dropped: %s %s" % (
        model.from_nic, model.from_vms,
        ", ".join("%s %d" % (p.name, len(p.gets)) for p in model.ports), len(model.wire),
        dict(+model.wire_drops), dict(+model.port_drops)))


if __name__ == "__main__":
    sys.exit(main())
