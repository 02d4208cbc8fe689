#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmq worker against a running host, and what a host does in silence: its workers sleep, and the
# first frame wakes them.

load helpers
load tap

setup() { tap_setup; }

teardown() { tap_teardown; }

# host.yaml with a tap for a NIC, and one VM on another
silent_host() {
	cat >host.yaml <<-'END'
	host: {processors: 2, workers: 1}
	adapter: {nic: "tap:uplink"}
	vms:
	  - {name: a, mac: "52:54:00:00:00:01", port: "tap:vm0"}
	END
	start
}

# A count of worker 0: worker MEMBER
worker() {
	"$vmq" worker list --json --socket "$socket" | jq ".[0].$1"
}

@test "vmq worker alone and with --help: its command, with examples; what is wrong" {
	try "$vmq" worker
	is "$status" 2
	[[ $stderr == "Usage: vmq worker COMMAND"*"Examples:"* ]]
	try "$vmq" worker list --help
	is "$status" 0
	[[ $output == "Usage: vmq worker list "*"--interval"*"Example"* ]]
	try "$vmq" worker nonsense
	is "$status" 2
	is "${stderr_lines[0]}" "vmq: worker has no command 'nonsense'"
	try "$vmq" worker list all
	is "$status" 2
	is "${stderr_lines[0]}" "vmq worker list: 'all' is too much: list takes no arguments"
	try "$vmq" worker list --interval soon
	is "$status" 2
	is "${stderr_lines[0]}" "vmq worker list: the interval 'soon' is no number from 0 to 60000"
	try "$vmq" worker list --socket "$socket"
	one_error 1 "no daemon listens at $socket"
}

@test "a worker that forwards is busy, one in silence is not, and takes below 2 % of a CPU" {
	silent_host
	local busy cpu up
	sleep 0.3
	busy=$(worker busy_ns) cpu=$(worker cpu_ns) up=$(worker up_ns)
	sleep 2
	busy=$(($(worker busy_ns) - busy)) cpu=$(($(worker cpu_ns) - cpu)) up=$(($(worker up_ns) - up))
	[ $((cpu * 50)) -lt "$up" ] || { echo "$cpu ns of CPU in $up ns of silence"; return 1; }
	[ $((busy * 100)) -lt "$up" ] || { echo "busy for $busy of $up ns of silence"; return 1; }
	[ "$(worker sleeps)" -gt 0 ]

	busy=$(worker busy_ns) up=$(worker up_ns)
	send 1 52:54:00:00:00:01 >sent
	busy=$(($(worker busy_ns) - busy)) up=$(($(worker up_ns) - up))
	# A frame is copied and written to a tap: no machine does it in 100 ns.
	[ "$busy" -gt $(($(<sent) * 100)) ] || { echo "busy for $busy ns with $(<sent) frames"; return 1; }
	[ "$busy" -lt "$up" ] || { echo "busy for $busy of $up ns"; return 1; }

	try "$vmq" worker list --interval 200 --socket "$socket"
	is "$status" 0 || { echo "$stderr"; return 1; }
	is "${#lines[@]}" 2 lines
	[[ ${lines[0]} == "Worker  CPU    Busy  CPU time "* ]]
	[[ ${lines[1]} == "     0 "*"%"* ]]
	finish
	[ "$(count workers 0 busy_ns)" -gt "$busy" ]
	is "$(jq '.workers | length' result.json)" 1 workers
}

@test "the first frame after silence comes soon after a sleeping thread could: both ways" {
	silent_host
	local first=${vmq%/src/cli/vmq}/tests/e2e/first_frame way floor took
	[ -x "$first" ] || skip "no program at $first"
	for way in "uplink vm0 02:00:00:00:00:99 52:54:00:00:00:01" \
		"vm0 uplink 52:54:00:00:00:01 02:00:00:00:00:99"; do
		# The worker sleeps with a timeout of 100 ms: who came only by that would take 50 ms.
		inside timeout 60 "$first" 20 40 $way >first.json
		cat first.json
		is "$(jq .lost first.json)" 0 "lost frames"
		floor=$(jq .floor_ns first.json) took=$(jq .first_ns first.json)
		[ "$took" -lt $((20 * floor + 5000000)) ] || { echo "$took ns, a thread wakes in $floor"; return 1; }
	done
	finish
}
