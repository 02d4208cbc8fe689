#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench/side without any switch: what it computes from slices, what it tells, what it generates."""
import itertools
import math
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/side"))
sys.dont_write_bytecode = True

import capture      # noqa: E402
import cases        # noqa: E402
import environment  # noqa: E402
import lab          # noqa: E402
import layout       # noqa: E402
import report       # noqa: E402
import slices       # noqa: E402
from bench import Result   # noqa: E402


def sliced(rate, distance):
    return {"rate": rate, "bits": 480 * rate, "distance": distance}


def rounds(ours, theirs, distances=itertools.repeat((100, 100))):
    """distances: of the CPUs, in each round in our slice and in theirs."""
    return [{"placed": sliced(a, at[0]), "ovs-flow": sliced(b, at[1])}
            for a, b, at in zip(ours, theirs, distances)]


def entry(made, disturbed=0.0):
    return report.entry(cases.CASES["nic-to-vm/60"], Result(made, disturbed, ["fine"]))


def target(e, of="placed", to="ovs-flow"):
    return next(t for t in e["targets"] if (t["of"], t["to"]) == (of, to))


def the_ratio_is_of_the_same_round():
    # The machine halves its speed in the middle; the ratio of medians would be far off.
    made = rounds([20, 22, 10, 11, 10], [10, 11, 5, 5.5, 5])
    found = slices.ratio(made, "rate", "placed", "ovs-flow")
    assert found["median"] == 2 and found["q1"] == 2 and found["q3"] == 2 and not found["noisy"]


def a_round_without_one_of_them_is_no_pair():
    made = rounds([20, 30], [10, 10]) + [{"placed": sliced(99, 100)}]
    assert slices.ratio(made, "rate", "placed", "ovs-flow")["pairs"] == 2
    assert slices.ratio(made, "busy", "placed", "ovs-flow") is None


def a_wide_spread_is_too_noisy():
    made = rounds([10, 20, 30, 40, 50], [10] * 5)
    assert "spreads over" in slices.ratio(made, "rate", "placed", "ovs-flow")["noisy"]


def disturbed_slices_are_too_noisy():
    made = rounds([20] * 5, [10] * 5)
    assert "disturbed" in slices.ratio(made, "rate", "placed", "ovs-flow", 0.5)["noisy"]
    assert not slices.ratio(made, "rate", "placed", "ovs-flow", 0.1)["noisy"]


def slices_with_other_distances_are_no_pair():
    made = rounds([20, 30, 40, 50], [10] * 4,
                  [(100, 200), (100, 201), (math.inf, 100), (math.inf, math.inf)])
    found = slices.ratio(made, "rate", "placed", "ovs-flow")
    assert found["values"] == [2] and not found["near"]


def near_cpus_tell_where_all_do_not():
    near, far = (100, 110), (480, 400)
    made = rounds([30] * 3 + [10, 11, 12, 13], [10] * 7, [near] * 3 + [far] * 4)
    found = slices.ratio(made, "rate", "placed", "ovs-flow")
    assert "spreads" in found["noisy"] and found["pairs"] == 7
    assert (found["near"]["median"], found["near"]["pairs"], found["near"]["noisy"]) == (3, 3, None)
    assert target(entry(made))["verdict"] == "met, CPUs near each other"
    assert target(entry(made))["value"] == 3
    # Two are too few, and where all tell something they count.
    assert target(entry(made[1:]))["verdict"] == "too noisy to tell"
    made = rounds([21, 21, 21, 19, 19, 19, 19], [10] * 7, [near] * 3 + [far] * 4)
    assert target(entry(made))["verdict"] == "missed"


def a_target_is_met_missed_or_not_told():
    assert target(entry(rounds([20] * 3, [10] * 3)))["verdict"] == "met"
    assert target(entry(rounds([19] * 3, [10] * 3)))["verdict"] == "missed"
    assert target(entry(rounds([20] * 3, [10] * 3), 0.9))["verdict"] == "too noisy to tell"
    assert target(entry(rounds([20] * 3, [10] * 3)), "loaned")["verdict"] == "not measured"


def an_upper_bound_is_one():
    bound = cases.at_most("busy", "placed", "testpmd-io", 1.15)
    assert bound.met(1.15) and not bound.met(1.16)


class Fake:
    """A stand whose threads wait for their CPU in the given slices."""

    def __init__(self, waits):
        self.waits, self.taken, self.log = list(waits), 0, []
        self.ran = self.waited = 0

    def resume(self):
        self.log.append("resume")

    def pause(self):
        self.log.append("pause")

    def settle(self, seconds):
        pass

    def threads(self):
        return {"1": (self.ran, self.waited)}

    def slice(self, seconds):
        self.waited += self.waits[self.taken] * 10**9
        self.ran += 10**9
        self.taken += 1
        return {"rate": self.taken}


def a_disturbed_slice_is_done_again_once():
    a, b = Fake([1, 0, 0]), Fake([1, 1, 0])
    done, disturbed = slices.alternate({"a": a, "b": b}, 2, 0)
    assert (a.taken, b.taken) == (3, 3) and disturbed == 1 / 4
    assert done[0]["a"]["rate"] == 2 and len(done) == 2


def a_slice_waits_for_the_cpus_to_be_as_far_apart_as_the_rounds_first():
    a, b = Fake([0] * 4), Fake([0] * 4)
    #            a: moved, again;    b: far, again
    seen = iter([100, 400, 100, 100, 400, 400, 100, 101])
    done, disturbed = slices.alternate({"a": a, "b": b}, 1, 0, distance=lambda: next(seen))
    assert (a.taken, b.taken) == (2, 2) and disturbed == 0
    assert done[0]["b"]["distance"] == 101
    b = Fake([0] * 5)
    seen = itertools.chain([100, 100], itertools.repeat(400))
    done, _ = slices.alternate({"a": Fake([0] * 2), "b": b}, 1, 0, distance=lambda: next(seen))
    assert b.taken == slices.TRIES + 1 and done[0]["b"]["distance"] == 400 and len(done) == 2


def rounds_go_on_until_one_has_its_cpus_as_far_apart_in_all_slices():
    def run(distances):
        stands = {"a": Fake([0] * 99), "b": Fake([0] * 99)}
        seen = iter(distances)
        return slices.alternate(stands, 2, 0, distance=lambda: next(seen))[0]
    never = [100, 100] + [400, 400] * slices.TRIES, [400, 400] + [100, 100] * slices.TRIES
    made = run([*never[0], *never[1], *never[0], *[100] * 4])
    assert len(made) == 4 and len(slices.paired(made, "rate", "a", "b")) == 1
    made = run(sum(never * slices.TRIES, []))
    assert len(made) == 2 + slices.MORE and not slices.paired(made, "rate", "a", "b")
    assert target(entry(rounds([20], [10], [(100, 400)])))["verdict"] == \
        "no two slices with the CPUs as far apart"


def who_is_not_in_its_slice_is_stopped():
    a = Fake([0] * 3)
    slices.alternate({"a": a}, 3, 0)
    assert a.log == ["resume", "pause"] * 3


def frames_have_addresses_by_turns_and_right_checks():
    macs = [layout.mac(i) for i in range(64)]
    made = list(capture.frames(macs, 60, vlan=10))
    assert len(made) == 2048 and all(len(f) == 60 for f in made)
    assert len({f[38:40] for f in made}) == 64 * 16
    assert {f[:6] for f in made} == {capture.mac_bytes(m) for m in macs}
    first = made[0]
    assert first[12:16] == b"\x81\x00\x00\x0a" and first[18] == 0x45
    assert sum(struct.unpack(">10H", first[18:38])) % 0xffff == 0
    flow = struct.unpack(">H", first[38:40])[0]
    check, sequence, of = struct.unpack("<HIQ", first[46:60])
    length = struct.unpack(">H", first[20:22])[0]
    key = (int.from_bytes(first[:6], "little") | flow << 48) ^ (sequence | length << 32)
    assert of == 2 and check == key * capture.MULTIPLIER % 2**64 >> 48


def imix_is_seven_four_one():
    sizes = [len(f) for f in capture.frames([layout.mac(0)], "imix", at_least=1200)]
    assert [sizes.count(n) for n in (60, 590, 1514)] == [700, 400, 100]


def filters_go_over_as_few_vms_as_may_be():
    assert [len(v.macs) for v in layout.spread(64, 1, 16)] == [16] * 4
    assert [len(v.macs) for v in layout.spread(64, 1, 1024)] == [64]
    macs = [m for v in layout.spread(1024, 16, 1024) for m in v.macs]
    assert len(set(macs)) == 1024 and macs[255:257] == ["52:54:00:00:01:00", "52:54:00:00:01:01"]


def the_core_is_about_a_dozen_and_every_way_is_there():
    core = cases.chosen([])
    assert 12 <= len(core) <= 15 and len(cases.chosen([], full=True)) == len(cases.CASES)
    assert [c.name for c in cases.chosen(["idle", "nic-to-vm/60"])] == ["idle", "nic-to-vm/60"]
    try:
        cases.chosen(["nic-to-vmm"])
        raise SystemExit("an unknown name was taken")
    except KeyError as e:
        assert e.args == ("nic-to-vmm",)


def the_report_tells_targets_noise_and_what_is_missing():
    made = Result(rounds([20] * 4, [10, 11, 10, 10]), 0.0, ["placed: all is well"], ["a note"],
                  {"OVS-DPDK flow": ["EMC on"]}, {"testpmd-io": "it is not installed"})
    told = {"environment": dict.fromkeys(
        ("date", "revision", "cpu", "cpus", "kernel", "virtual", "dpdk", "openvswitch", "hugepages",
         "busy_before", "switch_cpu", "guest_cpu", "nice"), "X") | {"memory_mb": 2048},
        "cases": [report.entry(cases.CASES["nic-to-vm/60"], made)], "failed": {"idle": "no NIC"}}
    with tempfile.TemporaryDirectory() as folder:
        report.write(told, pathlib.Path(folder))
        text = pathlib.Path(folder, "report.md").read_text()
        plots = list(pathlib.Path(folder).glob("*.svg"))
    for part in ("rate of placed to ovs-flow: at least 2 | 2.00 (1.95 to 2.00) | met", "EMC on",
                 "testpmd-io is missing: it is not installed", "a note", "Failed: no NIC",
                 "| not measured |", "placed: all is well"):
        assert part in text, part
    assert all(p.name in text for p in plots)


def what_a_lab_started_goes_with_it():
    with lab.Lab() as made:
        folder = made.folder
        stopped = made.start("sleeper", ["sleep", "60"], {lab.two_cpus()[0]})
        stopped.pause()
    assert stopped.child.returncode == -15 and not folder.exists()


def a_child_that_ends_is_told_with_its_last_words():
    with lab.Lab() as made:
        child = made.start("failing", ["sh", "-c", "echo first; echo last >&2; exit 3"],
                           {lab.two_cpus()[0]}, talk=True)
        try:
            child.hear(b"never", 5)
            raise SystemExit("it was not noticed")
        except lab.Trouble as e:
            assert str(e) == "failing ended with status 3: last"


def hugepages_are_not_touched_when_not_wanted():
    with environment.hugepages(10**7) as (there, why):
        assert not there and why.startswith("off: ")
    with environment.hugepages(64, wanted=False) as (there, why):
        assert (there, why) == (False, "off, as asked")


TESTS = [f for name, f in list(globals().items())
         if callable(f) and getattr(f, "__module__", "") == "__main__" and "_" in name
         and not isinstance(f, type)]

if __name__ == "__main__":
    failed = 0
    for number, test in enumerate(TESTS, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}", flush=True)
        except Exception as e:   # noqa: BLE001
            failed += 1
            print(f"not ok {number} - {test.__name__}: {type(e).__name__} {e}", flush=True)
    print(f"1..{len(TESTS)}")
    sys.exit(failed > 0)
