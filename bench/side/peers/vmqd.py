# SPDX-License-Identifier: BSD-2-Clause
"""Our own switch."""
import json
import re
import socket
import time

import environment
from lab import Trouble, command, wait_for
from peers.switch import Switch, devargs

VMQD = "src/host/vmqd"
PORTS = {"vhost": "vhost-user:{0}", "null": "null:", "tap": "tap:{1}"}


class Vmqd(Switch):
    """how: build (a folder), receive, workers, processors, queues, buffers, adapter and vm (more
    keys), filters (drivers)."""

    def open(self, name):
        how, layout = self.how, self.layout
        self.title = how.get("title", "vmqd")
        self.control = self.folder / "control.sock"
        path = self.folder / "host.yaml"
        path.write_text(self.configuration(layout))
        self.main = self.lab.start(name, [*self.before, program(how.get("build")), "--quiet",
                                          "--json", "--control", self.control, path],
                                   self.cpus, cwd=self.folder)
        wait_for(f"{name}: vmqd's sockets", 60, self.listens, self.main)
        self.notes.append(f"receive: {how.get('receive', 'placed')}, buffers: {self.buffers()}")

    def buffers(self):
        return self.how.get("buffers", 1024 if len(self.layout.vms) <= 16 else 64)

    def configuration(self, layout):
        how, nic = self.how, layout.nic
        processors = how.get("processors", 1)
        host = [f"processors: {processors}", f"workers: {how.get('workers', processors)}"]
        if self.lab.huge and len(layout.vms) <= 64:
            host.append('eal: ["--in-memory", "--no-pci", "--no-telemetry", "-m", "768", '
                        '"--log-level=*:3"]')
        adapter = [f'nic: "{self.nic(nic)}"', f"queues: {max(16, len(layout.vms))}",
                   f"buffers: {self.buffers()}", f"receive: {how.get('receive', 'placed')}"]
        if len(nic.captures) > 1:
            adapter.append(f"rx-queues: {len(nic.captures)}")
        if how.get("filters"):
            drivers = ", ".join(f"{{driver: {f}}}" for f in how["filters"])
            adapter.append(f"filters: [{drivers}]")
        adapter += how.get("adapter", [])
        lines = [f"host: {{{', '.join(host)}}}", f"adapter: {{{', '.join(adapter)}}}", "vms:"]
        for vm in layout.vms:
            port = PORTS[vm.port].format(self.socket(vm.name), vm.name)
            macs = ", ".join(f'"{m}"' for m in vm.macs)
            keys = [f"name: {vm.name}", f"macs: [{macs}]", f'port: "{port}"',
                    f"processor: {vm.processor}"]
            if vm.vlan:
                keys.append(f"vlan: {vm.vlan}")
            lines.append(f"  - {{{', '.join(keys + how.get('vm', []) + vm.keys)}}}")
        return "\n".join(lines) + "\n"

    def nic(self, nic):
        if nic.kind in ("packet", "xdp", "tap"):
            return f"{nic.kind}:{nic.interface}"
        if nic.kind == "replay" and len(nic.captures) == 1:
            return f"pcap-loop:{nic.captures[0]}"
        if nic.kind == "sink":
            return f"dpdk:{devargs(nic, self.lab.one_frame, None)}"
        return f"dpdk:{devargs(nic, None, self.socket('nic'))}"

    def listens(self):
        return self.control.exists() and all(
            self.socket(vm.name).exists() for vm in self.layout.vms if vm.port == "vhost")

    def ask(self, method, **parameters):
        """One request to the control socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            try:
                s.connect(str(self.control))
                s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                      "params": parameters}).encode() + b"\n")
                answer = b""
                while not answer.endswith(b"\n"):
                    more = s.recv(65536)
                    if not more:
                        break
                    answer += more
            except OSError as e:
                raise Trouble(f"vmqd's control socket: {e}") from None
        answer = json.loads(answer)
        if "error" in answer:
            raise Trouble(f"vmqd, {method}: {answer['error']['message']}")
        return answer["result"]

    def counters(self):
        try:
            workers = self.ask("worker.list")
        except Trouble:
            return None      # a build that does not count it
        return {"busy_ns": sum(w["busy_ns"] for w in workers),
                "up_ns": sum(w["up_ns"] for w in workers) / len(workers)}

    def work_done(self):
        """Frames that VMs were given, what the workers took for them, and when this was."""
        before = time.monotonic_ns()
        queues, workers = self.ask("queue.list"), self.ask("worker.list")
        return {"frames": sum(q["indicated"] for q in queues if q["own_queue"]),
                "busy_ns": sum(w["busy_ns"] for w in workers),
                "cpu_ns": sum(w["cpu_ns"] for w in workers),
                "ns": (before + time.monotonic_ns()) / 2}

    def ledger(self):
        self.main.stop(wait=20)
        text = self.main.log.read_text(errors="replace")
        start = text.find("{\n")
        if start < 0:
            raise Trouble(f"vmqd left no result: {self.main.last_words()}")
        return json.JSONDecoder().raw_decode(text[start:])[0]


def program(build=None):
    path = environment.TOP / (build or "build") / VMQD
    if not path.exists():
        raise Trouble(f"{path} is not built: make build")
    return path


def abilities(build=None):
    """What this build's help says: addresses a VM may have, and kinds of ports."""
    text = command(program(build), "--help")
    found = re.search(r"list of 1\.\.(\d+) MAC addresses", text)
    return {"macs": int(found[1]) if found else 1, "null": bool(re.search(r"^ +null:", text, re.M))}
