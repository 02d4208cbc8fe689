# SPDX-License-Identifier: BSD-2-Clause
"""The guests and the generator: talks with bench/traffic/traffic."""
import json

import environment
from lab import Trouble

PROGRAM = "bench/traffic/traffic"
WRONG = ("bad", "foreign", "twice", "reordered")


class Traffic:
    """One traffic program: the guests of one switch, and its NIC where that is the generator's."""

    def __init__(self, lab, name, ports, cpu, before=()):
        path = environment.TOP / lab.build / PROGRAM
        if not path.exists():
            raise Trouble(f"{path} is not built: make bench builds it")
        words = [w for p in ports for w in ("--port", p)]
        if lab.huge:
            words += ["--huge", "--file-prefix", f"{lab.folder.name}-{name}"]
        self.process = lab.start(name, [*before, path, "--cpu", cpu, *words], {cpu}, talk=True)
        self.ports = self.answer(30)["ports"]

    def answer(self, seconds):
        line = self.process.hear(b"\n", seconds)
        try:
            answer = json.loads(line)
        except ValueError:
            raise Trouble(f"{self.process.name}: no JSON: {line[:200]!r}") from None
        if "error" in answer:
            raise Trouble(f"{self.process.name}: {answer['error']}")
        return answer

    def order(self, line, seconds=10):
        self.process.say(line)
        return self.answer(seconds)

    def measure(self, seconds, latency=None, window=None):
        ms = round(seconds * 1000)
        line = f"latency {latency} {ms}" if latency else f"measure {ms}"
        if window:
            line += f" windows={max(1, round(seconds / window))}"
        return self.order(line, seconds + 10)

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()


def total(measured, key, ports=None):
    return sum(p.get(key, 0) for name, p in measured["ports"].items()
               if ports is None or name in ports)


def wrong(measured):
    """What arrived and was not what was sent, in words; empty: nothing."""
    counts = {k: total(measured, k) for k in WRONG}
    return ", ".join(f"{v} {k}" for k, v in counts.items() if v)
