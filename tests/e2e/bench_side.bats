#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# bench/side, what 'make bench' runs: a small measurement beside testpmd, with all that it must
# leave behind and all that it must not.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	build=$(cd "$(dirname "$vmq")/../.." && pwd)
	side=(timeout 60 /usr/bin/python3 -B "$top/bench/side/run.py" --build "$build" --polite
		--no-hugepages --quiet --out result)
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir tmp
	[ "$(nproc)" -ge 2 ] || skip "two CPUs are needed"
	[ -x "$build/bench/traffic/traffic" ] || skip "no $build/bench/traffic/traffic"
}

# No process that works in our folder, and nothing in it.
nothing_left() {
	local cwd
	for cwd in /proc/[0-9]*/cwd; do
		[[ "$(readlink "$cwd" 2>/dev/null)" != "$TMPDIR"/* ]] || return 1
	done
	[ -z "$(ls -A tmp)" ]
}

@test "two slices of VM to VM beside testpmd: rates, busy times, a report, nothing left" {
	command -v dpdk-testpmd >/dev/null || skip "no dpdk-testpmd"
	"${side[@]}" --rounds 2 --only placed,testpmd-io --json vm-to-vm/60 >out.json
	jq . out.json   # shown only where it fails
	jq -e '.cases[0] | (.failed == []) and (.rounds >= 2) and .figures.rate.placed.median > 1000
		and .figures.busy.placed.median > 1 and .figures.busy["testpmd-io"].median > 1
		and (.checks | all(test("are what was sent")))' out.json
	jq -e '.cases[0].ratios
		| any(.figure == "busy" and .of == "placed" and .to == "testpmd-io")' out.json
	grep -q 'busy of placed to testpmd-io: at most 1.15' result/report.md
	cmp <(jq -S . out.json) <(jq -S . result/report.json)
	nothing_left
}

@test "two slices beside Open vSwitch: its bridge and interfaces go with it" {
	[ -x /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk ] ||
		skip "no openvswitch-switch-dpdk: tools/packages.sh bench"
	[ ! -e /sys/class/net/br0 ] || skip "there is an interface br0 already"
	run "${side[@]/--no-hugepages/--polite}" --rounds 2 --only placed,ovs-flow nic-to-vm/60
	[[ "$output" != *"OVS-DPDK needs hugepages"* ]] || skip "no hugepages"
	is "$status" 0
	[ ! -e /sys/class/net/br0 ]
	[ ! -e /sys/class/net/ovs-netdev ]
	nothing_left
}

@test "a switch that does not start: one line says so, status 1, nothing left" {
	mkdir -p broken/src/host broken/bench/traffic
	printf '#!/bin/sh\n[ "$1" = --help ] && exit 0\necho out of order >&2\nexit 1\n' \
		>broken/src/host/vmqd
	chmod +x broken/src/host/vmqd
	run "${side[@]}" --build "$PWD/broken" --rounds 2 --only placed vm-to-vm/60
	[ "$status" -eq 1 ]
	[[ "$output" == *"Failed: placed ended with status 1: out of order"* ]]
	nothing_left
}

@test "stopped in the middle: nothing left" {
	"${side[@]}" --rounds 500 --only placed vm-to-vm/60 >log 2>&1 &
	pid=$!
	sleep 3
	[ -n "$(ls -A tmp)" ]
	kill -TERM "$pid"
	wait "$pid" || status=$?
	grep -q stopped log
	nothing_left
}

@test "what it computes, tells and generates" {
	/usr/bin/python3 -B "$top/tests/bench/side_test.py"
}
