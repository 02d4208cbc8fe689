# SPDX-License-Identifier: BSD-2-Clause
"""An interface to a tap: our switch beside the kernel's own, in namespaces made for it."""
from bench import Result
import layout as layouts
import stands
from lab import Trouble
from peers.bridge import Bridge
from peers.macvlan import Macvlan
from peers.packet import Packet

MAKERS = {"packet": Packet, "bridge": Bridge, "macvlan": Macvlan}


def kernel(bench, case):
    result, up = Result([]), {}
    size = case.parameters["size"]
    with bench.lab() as lab:
        vms = layouts.spread(1, 1, 1, port="tap")
        layout = layouts.Layout(layouts.Nic("packet", interface="nic0"), vms)
        orders = lambda switch: [   # noqa: E731
            f"receive {vms[0].name}", f"flood nic to={vms[0].macs[0]} from={layouts.NIC_MAC} "
            f"size={size}"]
        for subject in case.subjects:
            bench.progress(f"{case.name}: starting {subject}")
            try:
                stand = stands.Stand(subject, MAKERS[subject](build=bench.build), lab, layout,
                                     bench.cpus, orders)
                stand.try_out()
                up[subject] = stand
            except Trouble as e:
                if subject == "packet":
                    raise
                result.missing[subject] = str(e)
        result.rounds, result.disturbed = bench.take_turns(case, up)
        for subject, stand in up.items():
            result.checks += stand.checks()
            result.settings[stand.switch.title] = stand.switch.notes
    return result
