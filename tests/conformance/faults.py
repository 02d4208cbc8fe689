# SPDX-License-Identifier: BSD-2-Clause
"""Planted faults: files that say how to break a rule, and which test must notice."""

import re
from collections import namedtuple
from pathlib import Path

import contract

# 'edits' are (file, lines as they are, lines with the fault), in the file's order.
Fault = namedtuple("Fault", "name ids program test edits")


class FaultError(Exception):
    pass


def _ids(name):
    ids = re.split("[_-]", name)
    return [word for word in ids if contract.ID.fullmatch(word)] if contract.ID.fullmatch(ids[0]) else []


class _Reader:
    """Reads the lines of a file: 'test:', 'file:' and the blocks after it."""

    def __init__(self, where):
        self.where = where
        self.test = None
        self.file = None
        self.part = None      # 'was' or 'is', while inside a block
        self.was, self.now, self.edits = [], [], []

    def line(self, number, line):
        if self.part:
            self._inside(number, line)
        elif line.startswith("test:"):
            self.test = line[5:].split()
        elif line.startswith("file:"):
            self.file = line[5:].strip()
        elif line == "<<<<":
            self._needs(self.file, number, "a block before 'file:'")
            self.part, self.was, self.now = "was", [], []
        else:
            self._needs(not line.strip() or line.startswith("#"), number, "neither test:, file: nor <<<<")

    def _inside(self, number, line):
        if line == "====":
            self._needs(self.part == "was", number, "a second ====")
            self.part = "is"
        elif line == ">>>>":
            self._needs(self.part == "is", number, ">>>> before ====")
            self.part = None
            self.edits.append((self.file, "\n".join(self.was), "\n".join(self.now)))
        else:
            (self.was if self.part == "was" else self.now).append(line)

    def _needs(self, true, number, otherwise):
        if not true:
            raise FaultError(f"{self.where}:{number}: {otherwise}")


def read_fault(path, names):
    """One .fault file; 'names' are other names for the executables."""
    reader = _Reader(path.name)
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        reader.line(number, line)
    ids = _ids(path.stem)
    if not ids:
        raise FaultError(f"{path.name}: the name does not begin with an id")
    if reader.part:
        raise FaultError(f"{path.name}: a block without >>>>")
    if not reader.test or len(reader.test) != 2:
        raise FaultError(f"{path.name}: needs one line 'test: EXECUTABLE FUNCTION'")
    if not reader.edits:
        raise FaultError(f"{path.name}: changes nothing")
    program, test = reader.test
    return Fault(path.stem, ids, names.get(program, program), test, reader.edits)


def read_faults(directory, names):
    """Every .fault of a directory, and what is wrong with those that cannot be read."""
    faults, errors = [], []
    for path in sorted(Path(directory).glob("*.fault")):
        try:
            faults.append(read_fault(path, names))
        except (FaultError, UnicodeDecodeError) as error:
            errors.append(str(error))
    faults.sort(key=lambda fault: (contract.order(fault.ids[0]), fault.name))
    return faults, errors


def changed(fault, root):
    """{file: its text with the fault in}; FaultError where it does not fit the tree."""
    texts = {}
    for file, was, now in fault.edits:
        path = Path(root) / file
        if not path.is_file():
            raise FaultError(f"there is no {file}")
        text = texts.get(path) or path.read_text(encoding="utf-8")
        lines = f"\n{text}"
        found = lines.count(f"\n{was}\n")
        if found != 1:
            first = was.strip().split("\n")[0]
            raise FaultError(f"{found} places in {file} are as it says, not one: '{first}'")
        texts[path] = lines.replace(f"\n{was}\n", f"\n{now}\n")[1:]
    return texts


class Planted:
    """with Planted(fault, root): the tree has the fault; afterwards it is as it was.

    Both changes are new writes, so that ninja sees them."""

    def __init__(self, fault, root):
        self.texts = changed(fault, root)
        self.before = {}

    def __enter__(self):
        for path, text in self.texts.items():
            self.before[path] = path.read_text(encoding="utf-8")
            path.write_text(text, encoding="utf-8")

    def __exit__(self, *_):
        for path, text in self.before.items():
            path.write_text(text, encoding="utf-8")
