#!/usr/bin/python3 -ISB
# SPDX-License-Identifier: BSD-2-Clause
"""Shows rule by rule that OpenVMQ keeps the contract, and that the tests would notice.

    conformance.py [--id ID[,ID...]] [--group GROUP...] [--place DIRECTORY]
        builds a copy of the tree, runs every test that carries an id of the tables, then
        plants each fault of faults/ and runs its test. Status 1 if a test fails, or a
        fault does not apply, does not build, or is not caught.
    conformance.py --fault PATTERN [--place DIRECTORY]
        plants only the faults whose names match, as in C1*, and runs no other test.
    conformance.py --quick [--build DIRECTORY]
        runs nothing: is each rule tested or left out, does each fault fit the tree? In TAP.
"""

import argparse
import fnmatch
import os
import queue
import re
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import contract               # noqa: E402: the directory is known only now
import faults as planted      # noqa: E402
from programs import BuildError, Tree     # noqa: E402
from report import Report     # noqa: E402

STRICT = True      # a rule without a test, or without a fault, fails
FAULT_SECONDS = 60
DETAILS = 20       # so many rules are shown with their tests and faults


def errors_in(text, most):
    """The lines of a build's output that say what is wrong."""
    lines = text.strip().split("\n")
    found = [line for line in lines if re.search("error|undefined", line, re.I) and "-Werror" not in line[:400]]
    return [line[:200] for line in (found or lines)[:most]]


def tell(text):
    print(text, flush=True)


def wrong_with(fault, tests, root):
    """Why this fault cannot be used; None when it can."""
    test = next((t for t in tests if (t.program, t.name) == (fault.program, fault.test)), None)
    if not test:
        return f"there is no test {fault.test} in {fault.program}"
    strange = [rule_id for rule_id in fault.ids if rule_id not in test.ids]
    if strange:
        return f"{fault.test} does not carry {' '.join(strange)}"
    try:
        planted.changed(fault, root)
    except planted.FaultError as error:
        return str(error)
    return None


# ---- quick: what can be said without running anything ----

class Tap:
    def __init__(self):
        self.number = self.bad = 0

    def say(self, good, what, why=""):
        self.number += 1
        self.bad += not good
        tell(f"{'ok' if good else 'not ok'} {self.number} - {what}" + (f": {why}" if why else ""))


def quick(root, build):
    tap = Tap()
    table = contract.read_rules(HERE / "rules")
    tests = contract.find_tests(root, build)
    known, errors = planted.read_faults(HERE / "faults", contract.short_names(build))
    report = Report(table, tests, {rule_id[0] for rule_id in table})
    for error in errors:
        tap.say(False, "a fault can be read", error)
    for fault in known:
        wrong = wrong_with(fault, tests, root)
        tap.say(not wrong, f"fault {fault.name}", wrong)
        report.take_fault(fault, not wrong)
    unknown = report.unknown(tests)
    tap.say(not unknown, "tests carry ids of the tables", " ".join(unknown))
    for what, ids in report.missing():
        if what == "not passed" or what == "with a fault that is not caught":
            continue
        soft = what.startswith("without") and not STRICT
        tap.say(soft or not ids, f"rules {what}: {len(ids)}", " ".join(ids))
    return tap.bad == 0


# ---- the whole ----

def each_run(tree, names):
    """(name, run) of these programs; those that may run beside each other do, two and two."""
    beside = [name for name in names if name in tree.tests and tree.tests[name]["is_parallel"]]
    with ThreadPoolExecutor(2) as pool:
        yield from zip(beside, pool.map(tree.run, beside))
    for name in names:
        if name not in beside:
            yield name, tree.run_bats(name) if name.endswith(".bats") else tree.run(name)


def run_tests(tree, tests, report):
    """Runs what carries an id; the tests that did not pass."""
    bad = []
    names = sorted({test.program for test in tests}, key=lambda name: (name.endswith(".bats"), name))
    for number, (name, run) in enumerate(each_run(tree, names), 1):
        ours = [test for test in tests if test.program == name]
        failed = [t.name for t in ours if run.outcome.get(t.name, "not run") not in ("ok", "skipped")]
        for test in ours:
            report.take(test, run.outcome.get(test.name, "not run"))
        tell(f"[{number}/{len(names)}] {name}: {len(ours)} tests with ids, {len(failed)} failed"
             + (", stopped: too late" if run.late else ""))
        for test in failed:
            tell(f"    {test}: {run.outcome.get(test, 'not run')}")
        bad += failed
    return bad


class Sound:
    """The programs as they are without a fault."""

    def __init__(self, tree, programs):
        self.tree = tree
        self.passes = {}
        tree.make(*programs)
        self.files = {name: tree.build / f"sound-{name}" for name in programs}
        for name, file in self.files.items():
            shutil.copy(tree.targets[name][0], file)

    def passes_alone(self, program, test):
        """A test that passes by itself can show a fault by itself, which is quicker."""
        key = (program, test)
        if key not in self.passes:
            run = self.tree.run(program, FAULT_SECONDS, self.files[program], test)
            self.passes[key] = run.outcome.get(test) == "ok"
        return self.passes[key]


def judge(tree, fault, program, alone):
    """Runs a program that has a fault: (caught, what happened)."""
    run = tree.run(fault.program, FAULT_SECONDS, program, fault.test if alone else None)
    outcome = run.outcome.get(fault.test)
    if outcome is None and not alone:
        # Another test ended the program first.
        alone = True
        run = tree.run(fault.program, FAULT_SECONDS, program, fault.test)
        outcome = run.outcome.get(fault.test)
    others = sum(verdict in ("failed", "died") for name, verdict in run.outcome.items()
                 if name != fault.test)
    where = " alone" if alone else ""
    if outcome in ("failed", "died"):
        how = "hangs" if outcome == "died" and run.late else outcome
        return how != "hangs", f"{how}{where}" + (f", and {others} others" if others else "")
    return False, f"NOT CAUGHT: the test is {outcome or 'not run'}{where}" + (
        f", {others} others fail" if others else "")


def build_fault(tree, fault, at):
    """The program with the fault in, in a file of its own; None and why where it has none."""
    try:
        with planted.Planted(fault, tree.source):
            tree.make(fault.program)
            shutil.copy(tree.targets[fault.program][0], at)
    except planted.FaultError as error:
        return f"DOES NOT APPLY: {error}"
    except BuildError as error:
        return f"DOES NOT BUILD: {errors_in(str(error), 1)[0]}"
    return None


def run_faults(tree, known, tests, report, sound=None):
    """One thread builds the next while this one runs the last. Those that were no use.

    With 'sound' each test runs alone, if it can; without it the whole program runs, and it is
    told how many other tests notice the fault."""
    built = queue.Queue(maxsize=2)

    def build_all():
        for fault in known:
            at = tree.build / f"fault-{fault.name}"
            wrong = wrong_with(fault, tests, tree.source)
            built.put((fault, at, f"NO USE: {wrong}" if wrong else build_fault(tree, fault, at)))

    threading.Thread(target=build_all, daemon=True).start()
    bad = []
    for number in range(1, len(known) + 1):
        fault, at, what = built.get()
        caught = False
        if not what:
            alone = sound and sound.passes_alone(fault.program, fault.test)
            caught, what = judge(tree, fault, at, alone)
        at.unlink(missing_ok=True)
        report.take_fault(fault, caught)
        if not caught:
            bad.append(fault.name)
        tell(f"[{number}/{len(known)}] {fault.name}: {what}")
    return bad


def prepared(root, place):
    """A copy of the tree that is configured, its tests, its faults, and what is wrong with those."""
    tree = Tree(root, place)
    tell(f"building a copy of the tree in {os.path.relpath(place)}")
    tree.copy()
    tree.configure()
    known, errors = planted.read_faults(tree.source / "tests/conformance/faults",
                                        contract.short_names(tree.build))
    for error in errors:
        tell(f"fault not read: {error}")
    return tree, contract.find_tests(tree.source, tree.build), known, errors


def some_faults(root, place, pattern):
    tree, every, known, errors = prepared(root, place)
    patterns = pattern.split(",")
    known = [fault for fault in known if any(fnmatch.fnmatch(fault.name, p) for p in patterns)]
    if not known:
        tell(f"no fault's name is like '{pattern}'")
        return False
    tree.make_filter()
    return not run_faults(tree, known, every, Report({}, [], set())) and not errors


def whole(root, place, wanted):
    tree, every, known, errors = prepared(root, place)
    rules = contract.read_rules(HERE / "rules")
    table = {rule_id: rule for rule_id, rule in rules.items() if wanted(rule_id)}
    tests = [test for test in every if any(rule_id in table for rule_id in test.ids)]
    known = [fault for fault in known if any(rule_id in table for rule_id in fault.ids)]
    report = Report(table, tests, {rule_id[0] for rule_id in rules})
    bats = [test for test in tests if test.program.endswith(".bats")]
    tree.make(*() if bats else {test.program for test in tests})
    tree.make_filter()
    bad = run_tests(tree, tests, report)
    sound = Sound(tree, {fault.program for fault in known if fault.program in tree.tests})
    no_use = run_faults(tree, known, every, report, sound)
    details = report.details()
    (Path(place) / "report.txt").write_text("\n".join(details) + "\n", encoding="utf-8")
    if len(table) <= DETAILS:
        tell("\n".join(["", *details]))
    report.show()
    if bad:
        tell(f"failed tests: {' '.join(bad)}")
    if no_use:
        tell(f"faults that are no use or not caught: {' '.join(no_use)}")
    missing = STRICT and any(ids for what, ids in report.missing())
    return not (bad or no_use or errors or missing)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--quick", action="store_true", help="run nothing, in TAP")
    arguments.add_argument("--build", default="build", help="with --quick: a build directory")
    arguments.add_argument("--id", default="", help="only these ids, with commas between them")
    arguments.add_argument("--group", default="", help="only these groups, as in CD")
    arguments.add_argument("--fault", help="only the faults of these names, as in C1*")
    arguments.add_argument("--place", default="out/conformance", help="where the copy is built")
    a = arguments.parse_args()
    root = HERE.parent.parent
    os.chdir(root)
    ids = {i for i in a.id.split(",") if i}

    def wanted(rule_id):
        return (not ids and not a.group) or rule_id in ids or rule_id[0] in a.group

    try:
        if a.quick:
            good = quick(root, a.build)
        elif a.fault:
            good = some_faults(root, Path(a.place), a.fault)
        else:
            good = whole(root, Path(a.place), wanted)
    except BuildError as error:
        tell("\n".join(["conformance: the tree does not build", *errors_in(str(error), 10)]))
        good = False
    except (contract.TableError, OSError) as error:
        tell(f"conformance: {error}")
        good = False
    sys.exit(not good)


if __name__ == "__main__":
    main()
