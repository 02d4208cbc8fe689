# SPDX-License-Identifier: BSD-2-Clause
"""What a run makes on the machine, processes, namespaces and a folder; all of it goes again."""
import contextlib
import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """Something that this run needs is not there, or did not do what it should."""


def two_cpus():
    """The switch's CPU and the one of guests and generator."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise Trouble("two CPUs are needed: one for the switch, one for guests and generator")
    return cpus[0], cpus[1]


class Process:
    """A child on given CPUs. What it says goes to a file, or to us when 'talk' is set."""

    farewell = None    # asks it to end, before it is told

    def __init__(self, folder, name, argv, cpus, talk=False, cwd=None, env=None, first=False):
        def begin():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.sched_setaffinity(0, cpus)
            if first:
                go_first()

        self.name = name
        self.log = pathlib.Path(folder, f"{name}.log")
        self.answers = b""
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [str(a) for a in argv], cwd=cwd or folder, preexec_fn=begin,
                start_new_session=True, env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talk else log, stderr=log)
        self.pid = self.child.pid

    def pause(self):
        if self.child.poll() is None:
            os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        if self.child.poll() is None:
            os.kill(self.pid, signal.SIGCONT)

    def check(self):
        if self.child.poll() is not None:
            raise Trouble(f"{self.name} ended with status {self.child.returncode}: "
                          f"{self.last_words()}")

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def say(self, line):
        self.check()
        try:
            self.child.stdin.write(line.encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            self.child.wait()
            self.check()

    def hear(self, end, seconds):
        """What it says up to and with 'end'."""
        until = time.monotonic() + seconds
        stream = self.child.stdout.fileno()
        while end not in self.answers:
            left = until - time.monotonic()
            if left <= 0:
                raise Trouble(f"{self.name} does not answer within {seconds} s: "
                              f"{self.last_words()}")
            if not select.select([stream], [], [], left)[0]:
                continue
            more = os.read(stream, 65536)
            if not more:
                self.child.wait()
                self.check()
            self.answers += more
        heard, _, self.answers = self.answers.partition(end)
        return (heard + end).decode(errors="replace")

    def threads(self):
        """Of each thread: nanoseconds on a CPU, and waiting for one that others had."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        return {t.name: schedstat(t) for t in tasks.iterdir()}

    def stop(self, wait=5):
        """Ends it, softly first; its status."""
        self.resume()
        if self.child.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.child.stdin.close()
        if self.farewell and self.child.poll() is None:
            with contextlib.suppress(Trouble, subprocess.TimeoutExpired):
                self.farewell()
                self.child.wait(wait)
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(wait)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()
        return self.child.returncode


def go_first():
    """Before all others on the machine: the process, and its session, a scheduling group."""
    os.nice(-20)
    group = pathlib.Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("-20")


def schedstat(task):
    try:
        return tuple(int(n) for n in (task / "schedstat").read_text().split()[:2])
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0


class Lab:
    """A folder and what was started in it. With 'with': all of it goes at the end."""

    def __init__(self, huge=False, keep=False, build="build", first=False):
        self.huge, self.keep, self.build, self.first = huge, keep, build, first
        self.undo = contextlib.ExitStack()
        self.processes = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="openvmq-bench-"))
        if not self.keep:
            self.undo.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *what):
        # A signal meanwhile comes when all is gone, and leaves no half of it behind.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            self.stop_all()
            self.undo.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def start(self, name, argv, cpus, **how):
        process = Process(self.folder, name, argv, cpus, first=self.first, **how)
        self.processes.append(process)
        return process

    def stop_all(self):
        """Ends what was started, the last first."""
        while self.processes:
            self.processes.pop().stop()

    def namespace(self, name):
        command("ip", "netns", "add", name)
        self.undo.callback(command, "ip", "netns", "del", name)
        return name


def command(*argv, seconds=20, env=None, text=None):
    """Runs a short command; its output."""
    try:
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, input=text,
                              timeout=seconds, env={**os.environ, **(env or {})})
    except FileNotFoundError:
        raise Trouble(f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Trouble(f"{argv[0]} does not end within {seconds} s") from None
    if done.returncode:
        raise Trouble(f"{' '.join(str(a) for a in argv[:4])} ...: "
                      f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(what, seconds, holds, *processes):
    """Until holds() is true."""
    until = time.monotonic() + seconds
    while not holds():
        for process in processes:
            process.check()
        if time.monotonic() > until:
            raise Trouble(f"{what}: not within {seconds} s")
        time.sleep(0.01)
