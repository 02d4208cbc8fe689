# SPDX-License-Identifier: BSD-2-Clause
"""A tree of its own, its build, and its test programs."""

import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
from collections import namedtuple
from pathlib import Path

import contract

OUTCOME = re.compile(r"\[( RUN      |       OK |  FAILED  |  SKIPPED )\] (\w+)")
MESON_SUITES = {"unit", "contract", "verifier", "e2e"}
NOT_COPIED = re.compile(r"\.git|out|build.*|__pycache__|crash-.*")

# outcome: {test: 'ok', 'failed', 'skipped' or 'died'}; late: it was stopped.
Run = namedtuple("Run", "outcome late text")


class BuildError(Exception):
    pass


def _files(root):
    for directory, folders, files in os.walk(root):
        top = Path(directory) == root
        folders[:] = [f for f in folders if f != "__pycache__" and not (top and NOT_COPIED.fullmatch(f))]
        for file in files:
            yield (Path(directory) / file).relative_to(root)


def stop(process):
    """Ends a process that leads a session, and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Tree:
    """A copy of the tree in 'place', with a build directory beside it."""

    def __init__(self, root, place):
        self.root = Path(root).resolve()
        self.source = Path(place).resolve() / "tree"
        self.build = Path(place).resolve() / "build"
        self.logs = Path(place).resolve() / "logs"
        self.targets = {}
        self.tests = {}

    def copy(self):
        """What changed is copied, so that a second time builds little."""
        self.source.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        wanted = set(_files(self.root))
        for name in set(_files(self.source)) - wanted:
            (self.source / name).unlink()
        for name in wanted:
            at, to = self.root / name, self.source / name
            if to.is_file() and filecmp.cmp(at, to, shallow=False):
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(at, to)
            shutil.copymode(at, to)

    def _run(self, *command):
        done = subprocess.run(command, cwd=self.source, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise BuildError(re.sub(r"^\[\d+/\d+\] .*\n", "", done.stdout, flags=re.M))

    def configure(self):
        if not (self.build / "build.ninja").is_file():
            self._run("meson", "setup", str(self.build), str(self.source))
        else:
            self._run("ninja", "-C", str(self.build), "build.ninja")
        self.targets = contract.programs(self.build)
        with open(self.build / "meson-info/intro-tests.json", encoding="utf-8") as file:
            for test in json.load(file):
                if MESON_SUITES & {suite.split(":")[-1] for suite in test["suite"]}:
                    self.tests[Path(test["cmd"][0]).name] = test

    def make(self, *names):
        """Builds these programs, or everything."""
        targets = [os.path.relpath(self.targets[name][0], self.build) for name in names]
        self._run("ninja", "-j2", "-C", str(self.build), *targets)

    def make_filter(self):
        """The library that lets a program run one test alone."""
        self.only = self.build / "only.so"
        self._run("cc", "-shared", "-fPIC", "-o", str(self.only),
                  str(self.source / "tests/conformance/only.c"))

    def run(self, name, seconds=None, program=None, only=None):
        """Runs a test program, or another file in its place; with 'only', that test alone."""
        test = self.tests[name]
        command = [str(program)] + test["cmd"][1:] if program else test["cmd"]
        env = {**os.environ, "OVMQ_VERIFIER": "abort", "MALLOC_PERTURB_": "165", **test["env"]}
        if only:
            env |= {"LD_PRELOAD": str(self.only), "ONLY_TEST": only}
        log = self.logs / f"{Path(command[0]).name}.log"
        late = False
        with open(log, "wb") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                       stderr=subprocess.STDOUT, env=env, start_new_session=True,
                                       cwd=test["workdir"] or self.build)
            try:
                process.wait(seconds or test["timeout"])
            except subprocess.TimeoutExpired:
                late = True
            finally:
                stop(process)
        text = log.read_text(encoding="utf-8", errors="replace")
        return Run(_outcomes(text), late, text)

    def run_bats(self, file, seconds=300):
        """Runs a bats file: the tests that it reported."""
        env = {**os.environ, "OVMQ_VERIFIER": "abort", "VMQ": str(self.build / "src/cli/vmq")}
        done = subprocess.run(["timeout", "-k", "5", str(seconds), "bats", "--tap", file],
                              cwd=self.source, env=env, text=True, errors="replace", check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        (self.logs / f"{Path(file).name}.log").write_text(done.stdout, encoding="utf-8")
        outcome = {}
        for verdict, name in re.findall(r"^(ok|not ok) \d+ (.*)$", done.stdout, re.M):
            skipped = re.search(" # skip", name)
            outcome[name.split(" # skip")[0]] = (
                "skipped" if skipped else "ok" if verdict == "ok" else "failed")
        return Run(outcome, done.returncode in (124, 137), done.stdout)


def _outcomes(text):
    said = {" RUN      ": "died", "       OK ": "ok", "  FAILED  ": "failed", "  SKIPPED ": "skipped"}
    outcome = {}
    for what, name in OUTCOME.findall(text):
        # The summary names those that failed once more, and counts them.
        if not name.isdigit():
            outcome[name] = said[what]
    return outcome
