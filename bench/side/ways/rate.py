# SPDX-License-Identifier: BSD-2-Clause
"""Rates and busy times of switches under all the traffic they take."""
import capture
import layout as layouts
import stands
from bench import Result
from lab import Trouble
from peers.ovs import Ovs
from peers.testpmd import Testpmd
from peers.vmqd import Vmqd


def switch(bench, subject):
    """The switch that goes by that name in the table of cases."""
    makers = {
        "placed": lambda: Vmqd(build=bench.build, receive="placed", title="vmqd placed"),
        "loaned": lambda: Vmqd(build=bench.build, receive="loaned", title="vmqd loaned"),
        "vmqd": lambda: Vmqd(build=bench.build),
        "this": lambda: Vmqd(build=bench.build, title="this build"),
        "base": lambda: Vmqd(build=bench.base, title="base build"),
        "testpmd-io": lambda: Testpmd(mode="io"), "testpmd-mac": lambda: Testpmd(mode="mac"),
        "ovs-flow": lambda: Ovs(mode="flow"), "ovs-normal": lambda: Ovs(mode="normal"),
    }
    return makers[subject]()


MOST_PORTS = 32    # of a traffic program


def replayed(lab, vms, size, vlan):
    """A NIC that the same frames come from, over and over."""
    macs = [m for vm in vms for m in vm.macs]
    as_is = capture.write(lab.folder / "nic.pcap", capture.frames(macs, size, vlan))
    other = capture.write(lab.folder / "rewritten.pcap",
                          capture.frames(macs, size, vlan, arrives=macs[0]))
    return layouts.Nic("replay", [as_is], [other])


def plan(bench, lab, direction, size, filters, queues, vlan):
    """The layout, the orders for the traffic, and which count is the rate."""
    if direction == "nic-to-vm":
        vms = layouts.spread(filters, queues, bench.abilities["macs"], vlan=vlan)
        if len(vms) > MOST_PORTS:
            raise Trouble(f"{filters} filters are those of {len(vms)} VMs with {len(vms[0].macs)} "
                          f"addresses each, and there can be {MOST_PORTS} guests")
        return layouts.Layout(replayed(lab, vms, size, vlan), vms), stands.receive_orders, "frames"
    vms = layouts.spread(*(2, 2) if direction == "vm-to-vm" else (1, 1), 1)
    if direction == "vm-to-vm":
        return (layouts.Layout(layouts.Nic("sink"), vms, True), stands.vm_to_vm_orders(size),
                "frames")
    if direction == "vm-to-nic":
        return (layouts.Layout(layouts.Nic("sink"), vms), stands.to_nic_orders(size), "sent")
    return layouts.Layout(layouts.Nic("vhost"), vms), stands.back_orders(size), "back"


def rate(bench, case):
    """All subjects that can run, their slices by turns."""
    p, result, up = case.parameters, Result([]), {}
    with bench.lab() as lab:
        layout, orders, counts = plan(bench, lab, p["direction"], p["size"], p["filters"],
                                      p["queues"], p["vlan"])
        for subject in case.subjects:
            bench.progress(f"{case.name}: starting {subject}")
            made = switch(bench, subject)
            try:
                stand = stands.Stand(subject, made, lab, layout, bench.cpus, orders, counts)
                stand.try_out()
                up[subject] = stand
            except Trouble as e:
                if isinstance(made, Vmqd):
                    raise
                result.missing[subject] = str(e)
                made.close()
        result.rounds, result.disturbed = bench.take_turns(case, up)
        for subject, stand in up.items():
            result.checks += stand.checks()
            result.settings[stand.switch.title or subject] = stand.switch.notes
    if len(layout.vms) > max(p["queues"], 2):
        result.notes.append(f"a VM may have {bench.abilities['macs']} addresses: "
                            f"{p['filters']} filters are those of {len(layout.vms)} VMs")
    return result
