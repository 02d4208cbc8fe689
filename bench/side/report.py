# SPDX-License-Identifier: BSD-2-Clause
"""The result as JSON, as Markdown, and each case as a plot."""
import json

import slices

UNITS = {"rate": ("Mpps", 1e-6), "bits": ("Gb/s", 1e-9), "busy": ("ns busy a frame", 1),
         "cpu": ("ns of CPU a frame", 1),
         "fast VM's rate": ("Mpps", 1e-6)}


def unit(figure):
    """(unit, factor) of a figure; those whose names say their unit have none."""
    if " at " in figure and figure.startswith("p"):
        return "us", 1e-3
    return UNITS.get(figure, ("", 1))


def verdict(target, entry):
    """What becomes of a target: the figure, and met, missed, too noisy or not measured."""
    said = {"target": target.text(), "bound": target.bound, "figure": target.figure,
            "of": target.of, "to": target.to}
    if target.to:
        found = next((r for r in entry["ratios"] if (r["figure"], r["of"], r["to"]) ==
                      (target.figure, target.of, target.to)), None)
    else:
        found = entry["figures"].get(target.figure, {}).get(target.of)
    if not found:
        both = all(s in entry["figures"].get(target.figure, {}) for s in (target.of, target.to))
        return said | {"value": None, "verdict": "no two slices with the CPUs as far apart" if both
                       else "not measured"}
    pairs = slices.best(found)
    met = "met" if target.met(pairs["median"]) else "missed"
    if pairs is not found:
        found, met = pairs, f"{met}, CPUs near each other"
    return said | {"value": found["median"], "q1": found["q1"], "q3": found["q3"],
                   "verdict": "too noisy to tell" if found.get("noisy") else met}


def entry(case, result):
    """A case's part of the JSON."""
    made = {"name": case.name, "text": case.text, "plot": case.figures[0],
            "disturbed": result.disturbed, "rounds": len(result.rounds), "checks": result.checks,
            "notes": result.notes, "settings": result.settings, "missing": result.missing,
            "figures": {}, "ratios": []}
    for figure in case.figures:
        found = {s: slices.summary(result.rounds, figure, s) for s in case.subjects}
        made["figures"][figure] = {s: f for s, f in found.items() if f}
        ratios = (slices.ratio(result.rounds, figure, of, to, result.disturbed)
                  for of, to in case.ratios())
        made["ratios"] += [r for r in ratios if r]
    made["targets"] = [verdict(t, made) for t in case.targets]
    made["failed"] = [c for c in result.checks if "WRONG" in c]
    return made


def shown(value, figure):
    name, factor = unit(figure)
    number = value * factor
    digits = 0 if abs(number) >= 1000 else 1 if abs(number) >= 100 else 2
    return f"{number:,.{digits}f}" + (f" {name}" if name else "")


def figure_table(e):
    lines = ["| | " + " | ".join(e["figures"]) + " |", "|---" * (len(e["figures"]) + 1) + "|"]
    subjects = list(dict.fromkeys(s for f in e["figures"].values() for s in f))
    for s in subjects:
        cells = [f"{shown(f[s]['median'], name)} ({shown(f[s]['q1'], name).split()[0]} to "
                 f"{shown(f[s]['q3'], name).split()[0]})" if s in f else ""
                 for name, f in e["figures"].items()]
        lines.append(f"| {s} | " + " | ".join(cells) + " |")
    return lines


def near(told):
    """The cell of those pairs of a ratio."""
    return told and f"{told['median']:.2f} ({told['q1']:.2f} to {told['q3']:.2f}), " \
        f"{told['pairs']} pairs" or ""


def ratio_table(e):
    if not e["ratios"]:
        return []
    told = {e["plot"]} | {t["figure"] for t in e["targets"]}
    lines = ["", "| ratio | of | to | median | quartiles | pairs | CPUs near each other | |",
             "|---|---|---|---|---|---|---|---|"]
    for r in (r for r in e["ratios"] if r["figure"] in told):
        lines.append(f"| {r['figure']} | {r['of']} | {r['to']} | **{r['median']:.2f}** | "
                     f"{r['q1']:.2f} to {r['q3']:.2f} | {r['pairs']} | {near(r['near'])} | "
                     f"{'too noisy to tell: ' + r['noisy'] if r['noisy'] else ''} |")
    return lines


def target_table(entries):
    lines = ["| case | target | measured | |", "|---|---|---|---|"]
    for e in entries:
        for t in e["targets"]:
            value = "" if t["value"] is None else \
                f"{t['value']:.2f} ({t['q1']:.2f} to {t['q3']:.2f})"
            lines.append(f"| {e['name']} | {t['target']} | {value} | {t['verdict']} |")
    return lines if len(lines) > 2 else []


def case_text(e, plots):
    lines = ["", f"## {e['name']}", "", e["text"] + ".", ""]
    lines += figure_table(e) if any(e["figures"].values()) else []
    lines += ratio_table(e) + [""]
    if e["name"] in plots:
        lines += [f"![{e['name']}]({plots[e['name']]})", ""]
    lines += [f"- {c}" for c in e["checks"] + e["notes"]]
    lines += [f"- {s} is missing: {why}" for s, why in e["missing"].items()]
    if e["disturbed"] > 0:
        lines.append(f"- {e['disturbed']:.0%} of {e['rounds']} rounds' slices were disturbed")
    return lines


def markdown(report, plots):
    machine = report["environment"]
    lines = ["# Side by side", "", f"{machine['date']}, revision {machine['revision']}: "
             f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_mb'] // 1024} GB, kernel "
             f"{machine['kernel']}, virtual: {machine['virtual']}; DPDK {machine['dpdk']}, Open "
             f"vSwitch {machine['openvswitch'] or 'not there'}; hugepages: {machine['hugepages']}. "
             f"Before the start {machine['busy_before']} CPUs were busy.", "",
             "Each figure is the median of slices that took turns, with its quartiles; each ratio "
             "the median of the ratios of slices of one round. The switch has CPU "
             f"{machine['switch_cpu']}, guests and generator have CPU {machine['guest_cpu']}; nice "
             f"is {machine['nice']}.", ""]
    lines += target_table(report["cases"])
    for e in report["cases"]:
        lines += case_text(e, plots)
    settings = {s: n for e in report["cases"] for s, n in e["settings"].items()}
    if settings:
        lines += ["", "## How the switches are set", ""]
        lines += [f"- {s}: {'; '.join(n)}" for s, n in settings.items()]
    for name, why in report["failed"].items():
        lines += ["", f"## {name}", "", f"Failed: {why}"]
    return "\n".join(lines) + "\n"


def write(report, folder):
    """report.json, report.md and the plots."""
    import plot   # noqa: PLC0415: matplotlib takes a second to load

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    plots = {}
    for e in report["cases"]:
        name = e["name"].replace("/", "-").replace(" ", "-") + ".svg"
        if plot.case(e, folder / name, unit):
            plots[e["name"]] = name
    (folder / "report.md").write_text(markdown(report, plots))
