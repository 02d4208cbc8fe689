# SPDX-License-Identifier: BSD-2-Clause
"""A stand: one switch with its guests, that can be paused, and measured for a slice of time."""
import time

from lab import Trouble
from layout import NIC_MAC
from traffic import Traffic, total, wrong

TRIES = 20     # slices until the first frame is there


class Stand:
    """A switch under traffic. 'orders' tells what its traffic program is to do; 'counts' is the
    count that is the rate: 'frames' that arrived, were 'sent', or came 'back'."""

    def __init__(self, name, switch, lab, layout, cpus, orders, counts="frames"):
        self.name, self.switch, self.lab, self.layout = name, switch, lab, layout
        self.counts, self.wrong, self.slices = counts, [], 0
        switch.start(lab, layout, {cpus[0]}, name)
        ports = [switch.port(vm) for vm in switch.vms() if vm.port != "null"]
        if layout.nic.kind in ("vhost", "packet", "xdp", "tap"):
            ports.append(switch.generator())
        self.traffic = Traffic(lab, f"{name}-traffic", ports, cpus[1], before=switch.before)
        for line in orders(switch):
            self.traffic.order(line)

    def threads(self):
        return self.switch.threads() | self.traffic.process.threads()

    def pause(self):
        self.traffic.pause()
        self.switch.pause()

    def resume(self):
        self.switch.resume()
        self.traffic.resume()

    def try_out(self):
        """Whether traffic comes through at all; then it waits for its first slice."""
        tries = (self.slice(0.1)["rate"] for _ in range(TRIES))
        if not any(tries):
            raise Trouble(f"{self.name}: no frame arrives")
        self.slices = 0
        self.pause()

    def settle(self, seconds):
        self.traffic.measure(seconds)

    def slice(self, seconds):
        """Frames and bits a second that arrived, and the switch's busy time for one of them."""
        before = self.switch.counters()
        measured = self.traffic.measure(seconds)
        after = self.switch.counters()
        self.slices += 1
        if wrong(measured):
            self.wrong.append(wrong(measured))
        rate, bits = (n / measured["seconds"] for n in self.counted(measured))
        handled = total(measured, "frames") / measured["seconds"] if self.counts == "back" else rate
        return {"rate": rate, "bits": bits, "busy": busy_ns(before, after, handled)}

    def counted(self, measured):
        """Frames and bits."""
        if self.counts == "sent":
            return total(measured, "sent"), 8 * total(measured, "sent_bytes")
        ports = ["nic"] if self.counts == "back" else None
        return total(measured, "frames", ports), 8 * total(measured, "bytes", ports)

    def checks(self):
        """What was wrong in its slices, or that nothing was."""
        if self.wrong:
            return [f"{self.name}: WRONG in {len(self.wrong)} of {self.slices} slices: "
                    f"{self.wrong[0]}"]
        return [f"{self.name}: all frames of {self.slices} slices are what was sent"]


def busy_ns(before, after, rate):
    """Busy time for a frame, by the switch's own counters."""
    if not before or not after:
        return None
    busy = after["busy_ns"] - before["busy_ns"]
    if "frames" in after:
        frames = after["frames"] - before["frames"]
    else:
        frames = rate * (after["up_ns"] - before["up_ns"]) / 1e9
    return busy / frames if frames > 0 and busy > 0 else None


class InsideStand(Stand):
    """A switch that has generator and guests inside: its own counters tell the rate. More than
    one of them: they work at the same time, and count together."""

    def __init__(self, name, switches, lab, layout, cpus):
        """cpus: those of each switch."""
        self.name, self.switches, self.slices = name, switches, 0
        for number, switch in enumerate(switches):
            switch.start(lab, layout, cpus[number], f"{name}-{number}")

    def pause(self):
        for switch in self.switches:
            switch.pause()

    def resume(self):
        for switch in self.switches:
            switch.resume()

    def threads(self):
        return {k: v for switch in self.switches for k, v in switch.threads().items()}

    def settle(self, seconds):
        time.sleep(seconds)

    def slice(self, seconds):
        before = [s.work_done() for s in self.switches]
        time.sleep(seconds)
        after = [s.work_done() for s in self.switches]
        self.slices += 1
        done = [{k: a[k] - b[k] for k in a} for a, b in zip(after, before)]
        frames = max(sum(d["frames"] for d in done), 1)
        return {"rate": sum(1e9 * d["frames"] / d["ns"] for d in done),
                "busy": sum(d["busy_ns"] for d in done) / frames,
                "cpu": sum(d["cpu_ns"] for d in done) / frames}

    def checks(self):
        return [self.check(switch) for switch in self.switches]

    def check(self, switch):
        """Its ledger balances, and nothing was lost on the way."""
        ledger = switch.ledger()
        fine = ledger["wire"]["balances"] and ledger["ports"]["balances"]
        lost = sum(ledger["ports"]["drops"].values())
        return (f"{self.name}: {'the ledger balances' if fine else 'WRONG: no balance'}, "
                f"{ledger['ports']['delivered']} frames delivered, {lost} dropped by the switch")


def receive_orders(switch):
    """Every VM takes all that is for it."""
    return [f"receive {vm.name} to={vm.macs[0]}+{len(vm.macs)} vlan=none"
            for vm in switch.vms()] if not switch.blind else ["receive all"]


def to_nic_orders(size):
    def orders(switch):
        lines = [f"flood {vm.name} to={NIC_MAC} from={vm.macs[0]} size={size}"
                 for vm in switch.vms()]
        return lines + (["receive nic"] if switch.layout.nic.kind == "vhost" else [])
    return orders


def vm_to_vm_orders(size):
    def orders(switch):
        a, b = switch.vms()
        return ["receive all", f"flood {a.name} to={b.macs[0]} from={a.macs[0]} size={size}",
                f"flood {b.name} to={a.macs[0]} from={b.macs[0]} size={size}"]
    return orders


def back_orders(size):
    """The generator floods, the VM sends all back, the generator receives it."""
    def orders(switch):
        vm = switch.vms()[0]
        return [f"echo {vm.name}", "receive nic",
                f"flood nic to={vm.macs[0]} from={NIC_MAC} size={size}"]
    return orders
