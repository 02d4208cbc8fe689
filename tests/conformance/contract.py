# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the tables, and the tests that carry their ids."""

import csv
import json
import re
from collections import namedtuple
from pathlib import Path

ID = re.compile(r"([A-Z])(\d+)([a-z]?)")
STRENGTHS = ("must", "should", "may")
ROLES = ("OD", "ND", "MP", "SP", "FD", "all")

# 'left_out' is the reason why user space cannot show the rule; empty where it can.
Rule = namedtuple("Rule", "id strength who text left_out")
# 'program' is a meson executable, or a bats file, seen from the tree's root.
Test = namedtuple("Test", "program name ids")


class TableError(Exception):
    pass


def order(rule_id):
    """The key by which ids are sorted: C2 before C10, A40 before A40a."""
    group, number, letter = ID.fullmatch(rule_id).groups()
    return group, int(number), letter


def ids_of(name):
    """The ids in front of a test's name: C11_D3_words, or in bats 'C11 D3 words'."""
    ids = []
    for word in re.split("[_ ]", name):
        if not ID.fullmatch(word):
            break
        ids.append(word)
    return tuple(ids)


def _rule(row, where, group):
    if len(row) not in (4, 5):
        raise TableError(f"{where}: {len(row)} columns, where 4 or 5 must be")
    rule = Rule(*row, *[""] * (5 - len(row)))
    if not ID.fullmatch(rule.id) or rule.id[0] != group:
        raise TableError(f"{where}: '{rule.id}' is no id of group {group}")
    if rule.strength not in STRENGTHS:
        raise TableError(f"{where}: strength '{rule.strength}', not one of {', '.join(STRENGTHS)}")
    for role in rule.who.split("/"):
        if role not in ROLES:
            raise TableError(f"{where}: '{role}' is nobody of {', '.join(ROLES)}")
    if not 0 < len(rule.text) <= 100:
        raise TableError(f"{where}: the rule has {len(rule.text)} characters, not 1 to 100")
    return rule


def read_rules(directory):
    """All tables GROUP.tsv of a directory: {id: Rule} in the order of the ids."""
    rules = {}
    for path in sorted(Path(directory).glob("?.tsv")):
        with open(path, encoding="utf-8", newline="") as file:
            lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            for number, row in enumerate(lines, 1):
                if not row or row[0].startswith("#"):
                    continue
                rule = _rule(row, f"{path.name}:{number}", path.stem)
                if rule.id in rules:
                    raise TableError(f"{path.name}:{number}: {rule.id} is there twice")
                rules[rule.id] = rule
    if not rules:
        raise TableError(f"{directory}: no tables")
    return {rule_id: rules[rule_id] for rule_id in sorted(rules, key=order)}


def _tests_in(path):
    """The test functions of a C file that its main lists, or the tests of a bats file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".bats":
        return re.findall(r'^@test "([^"]+)"', text, re.M)
    defined = re.findall(r"^static void (\w+)\(void \*\*\w+\)", text, re.M)
    return [name for name in defined if len(re.findall(rf"\b{name}\b", text)) > 1]


def programs(build):
    """The executables of a build directory: {name: (file, its sources)}."""
    found = {}
    with open(Path(build) / "meson-info/intro-targets.json", encoding="utf-8") as file:
        for target in json.load(file):
            if target["type"] == "executable":
                sources = [s for part in target["target_sources"] for s in part.get("sources", [])]
                found[target["name"]] = (target["filename"][0], sources)
    return found


def short_names(build):
    """The executables by the names that 'meson test' calls them."""
    with open(Path(build) / "meson-info/intro-tests.json", encoding="utf-8") as file:
        return {test["name"]: Path(test["cmd"][0]).name for test in json.load(file)}


def find_tests(root, build):
    """Every test of the tree, with the ids in its name."""
    tests = []
    root = Path(root).resolve()
    for program, (_, sources) in programs(build).items():
        for source in sources:
            if Path(source).name.endswith("_test.c"):
                tests += [Test(program, name, ids_of(name)) for name in _tests_in(Path(source))]
    for path in sorted((root / "tests/e2e").glob("*.bats")):
        tests += [Test(str(path.relative_to(root)), n, ids_of(n)) for n in _tests_in(path)]
    return tests
