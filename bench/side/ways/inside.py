# SPDX-License-Identifier: BSD-2-Clause
"""Ours against ours, generator and guests inside the process: 'null:' VMs and looped captures."""
import capture
import environment
import layout as layouts
import stands
from bench import Result
from lab import Trouble, command
from peers.vmqd import Vmqd


def crossing_captures(lab, share, frames=2048):
    """Two workers, two VMs, a receive queue on each worker; of a queue's frames that part is for
    the VM on the other worker."""
    macs = [layouts.mac(0), layouts.mac(1)]
    captures = []
    for queue in range(2):
        own, other = macs[queue], macs[1 - queue]
        to = [other] * (share // 50) + [own] * (2 - share // 50)
        # Each of its two addresses has a flow in the capture, even where both are the same VM's.
        captures.append(capture.write(lab.folder / f"crossing-{share}-{queue}.pcap",
                                      capture.frames(to, 60, at_least=frames)))
    return captures


def variant(bench, lab, name, filters=1, queues=1, workers=None, crossing=None, size=60,
            receive="placed", indication=None, drivers=0, hosts=1):
    """One of the configurations that are compared: so many hosts of it, and their layout."""
    if crossing is None:
        vms = layouts.spread(filters, queues, bench.abilities["macs"], port="null")
        # The same frames for all, as many as the most filters need.
        macs = [m for vm in vms for m in vm.macs]
        captures = [capture.write(lab.folder / f"{name}.pcap", capture.frames(macs, size))]
    else:
        vms = layouts.spread(2, 2, 1, port="null")
        captures = crossing_captures(lab, crossing)
        vms[1].processor = 1
    how = {"workers": workers or 1, "processors": 2 if crossing is not None else 1,
           "receive": receive, "indication": indication}
    if drivers:
        how["filters"] = [pass_through(lab)] * drivers
    return ([Vmqd(build=bench.build, title=name, **how) for _ in range(hosts)],
            layouts.Layout(layouts.Nic("replay", captures), vms))


def pass_through(lab):
    """The filter driver of the tests that counts and hands on."""
    made = lab.folder / "count.so"
    if not made.exists():
        source = sorted((environment.TOP / "tests/drivers/count").glob("*.c"))
        command(environment.TOP / "tools/vmq-cc", "-o", made, "-DNDIS_WDM=1", "-DNDIS630=1",
                *source, seconds=120)
    return made


def inside(bench, case):
    variants, more = dict(case.parameters["variants"]), dict(case.parameters)
    del more["variants"]
    if not bench.abilities["null"]:
        raise Trouble("this build has no VM port kind 'null:'")
    result, up = Result([]), {}
    with bench.lab() as lab:
        for name, settings in variants.items():
            bench.progress(f"{case.name}: starting {name}")
            slug = name.replace(" ", "-").replace(",", "").replace("%", "")
            made, layout = variant(bench, lab, slug, **settings, **more)
            # Hosts beside each other have a CPU each.
            cpus = [{cpu} for cpu in bench.cpus]
            if settings.get("workers", 1) > 1:
                cpus = [set(bench.cpus)]
            up[name] = stands.InsideStand(slug, made, lab, layout, cpus)
            up[name].try_out()
        result.rounds, result.disturbed = bench.take_turns(
            case, up, apart=any(s.get("workers", 1) > 1 for s in variants.values()))
        for stand in up.values():
            result.checks += stand.checks()
    most = max(s.get("filters", 1) for s in variants.values())
    if most > bench.abilities["macs"] and any(
            s.get("filters", 1) > s.get("queues", 1) for s in variants.values()):
        result.notes.append(f"a VM may have {bench.abilities['macs']} addresses: more filters are "
                            "those of more VMs")
    return result
