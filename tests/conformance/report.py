# SPDX-License-Identifier: BSD-2-Clause
"""What was shown, group by group, and what is missing, by id."""

from collections import defaultdict

import contract

COLUMNS = ("group", "ids", "left out", "tested", "passed", "fault caught", "shown")


class Report:
    """A rule is shown when its tests pass and one fails on each fault planted for it."""

    def __init__(self, table, tests, groups):
        """The rules of 'table' alone; 'groups' are those that have a table at all."""
        self.table = table
        self.groups = groups
        self.tested = defaultdict(list)
        self.untabled = defaultdict(set)
        for test in tests:
            for rule_id in test.ids:
                if rule_id in table:
                    self.tested[rule_id].append(test)
                elif rule_id[0] not in groups:
                    self.untabled[rule_id[0]].add(rule_id)
        self.failed = set()         # ids with a test that did not pass
        self.passed = set()
        self.caught = defaultdict(list)    # id: a truth value for each of its faults
        self.faults = defaultdict(list)    # id: their names, in the same order
        self.outcome = {}                  # of each test that was run

    def due(self):
        return [rule_id for rule_id, rule in self.table.items() if not rule.left_out]

    def unknown(self, tests):
        """Ids in tests' names that a table of their group does not have."""
        return sorted({i for test in tests for i in test.ids
                       if i[0] in self.groups and i not in self.table}, key=contract.order)

    def take(self, test, outcome):
        """The outcome of a test."""
        self.outcome[test] = outcome
        for rule_id in test.ids:
            if outcome == "ok":
                self.passed.add(rule_id)
            elif outcome != "skipped":
                self.failed.add(rule_id)

    def take_fault(self, fault, caught):
        for rule_id in fault.ids:
            self.caught[rule_id].append(caught)
            self.faults[rule_id].append(fault.name)

    def is_passed(self, rule_id):
        return rule_id in self.passed and rule_id not in self.failed

    def is_caught(self, rule_id):
        return bool(self.caught[rule_id]) and all(self.caught[rule_id])

    def missing(self):
        """(what, ids) of every kind that is missing."""
        due, tested = self.due(), [i for i in self.due() if self.tested[i]]
        return (
            ("left out but tested", [i for i, r in self.table.items() if r.left_out and self.tested[i]]),
            ("without a test", [i for i in due if not self.tested[i]]),
            ("not passed", [i for i in tested if not self.is_passed(i)]),
            ("without a fault", [i for i in tested if not self.caught[i]]),
            ("with a fault that is not caught", [i for i in tested if not all(self.caught[i])]),
        )

    def _row(self, name, ids):
        due = [i for i in ids if not self.table[i].left_out]
        tested = [i for i in due if self.tested[i]]
        passed = [i for i in tested if self.is_passed(i)]
        caught = [i for i in tested if self.is_caught(i)]
        return (name, len(ids), len(ids) - len(due), len(tested), len(passed), len(caught),
                len(set(passed) & set(caught)))

    def rows(self):
        groups = defaultdict(list)
        for rule_id in self.table:
            groups[rule_id[0]].append(rule_id)
        rows = [self._row(group, ids) for group, ids in groups.items()]
        return rows + [self._row("all", list(self.table))]

    def details(self):
        """The lines that tell of each rule which tests and which faults show it."""
        lines = []
        for rule in self.table.values():
            lines.append(f"{rule.id} ({rule.who}, {rule.strength}): {rule.text}")
            if rule.left_out:
                lines.append(f"    left out: {rule.left_out}")
            for test in self.tested[rule.id]:
                lines.append(f"    {self.outcome.get(test, 'not run')}: {test.program} {test.name}")
            for name, caught in zip(self.faults[rule.id], self.caught[rule.id]):
                lines.append(f"    {'caught' if caught else 'NOT CAUGHT'}: {name}")
        return lines

    def show(self):
        """Prints the table and what is missing; the last line says how many are shown."""
        rows = self.rows()
        print("\n" + "  ".join(COLUMNS))
        for row in rows:
            print("  ".join(f"{cell:>{len(title)}}" for cell, title in zip(row, COLUMNS)))
        print()
        for what, ids in self.missing():
            if ids:
                print(f"{what} ({len(ids)}): {' '.join(ids)}")
        if self.untabled:
            print("ids of groups without a table: " + ", ".join(
                f"{group} ({len(ids)})" for group, ids in sorted(self.untabled.items())))
        total = rows[-1]
        print(f"conformance: {total[6]} of {total[1] - total[2]} rules are tested, pass, and their "
              f"tests fail on a planted fault; {total[2]} cannot exist here")
