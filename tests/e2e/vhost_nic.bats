#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A NIC whose other end comes and goes: net_vhost, on whose socket another program is the guest.
# The worker sleeps in silence, on the descriptor that the other end brings.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	traffic=${vmq%/src/cli/vmq}/bench/traffic/traffic
	[ -x "$traffic" ] || skip "no $traffic"
	cat >host.yaml <<-END
	host: {processors: 1, workers: 1}
	adapter: {nic: "dpdk:net_vhost0,iface=$PWD/nic.sock"}
	vms:
	- {name: web, mac: "52:54:00:00:00:11", port: "vhost-user:web.sock"}
	END
	"$vmq" run --time 100 --quiet --json --control "$socket" host.yaml >result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ]; do
		kill -0 $vmq_pid || { cat errors.txt; return 1; }
		sleep 0.02
	done
}

teardown() { office_teardown; }

sleeps() { "$vmq" worker list --json --socket "$socket" | jq '.[0].sleeps'; }

# The other end, and web's guest: ten frames each way, each after 0.2 seconds of silence.
comes_and_goes() {
	local frame="from=52:54:00:00:01:00 to=52:54:00:00:00:11" back="from=52:54:00:00:00:11 to=52:54:00:00:01:00"
	local before
	before=$(sleeps)
	timeout 60 "$traffic" --cpu "$(($(nproc) - 1))" --port nic=vhost:nic.sock --port web=vhost:web.sock \
		>answers.json 2>traffic.txt <<-END || { cat traffic.txt; return 1; }
	pace nic rate=1 count=1 $frame
	pace web rate=1 count=1 $back
	settle 100
	first web from=nic count=10 gap=200 to=52:54:00:00:00:11
	first nic from=web count=10 gap=200 to=52:54:00:00:01:00
	quit
	END
	cat answers.json
	is "$(jq -c 'select(.first) | .first | [.frames, .lost]' answers.json)" $'[10,0]\n[10,0]' "frames, lost"
	# One that comes by the longest nap alone would take 50 ms.
	is "$(jq 'select(.first) | .first.p50_ns < 20000000' answers.json)" $'true\ntrue' "soon"
	# By time it would be some 2,000 naps a second.
	before=$(($(sleeps) - before))
	[ "$before" -lt 500 ] || { echo "the worker slept $before times"; return 1; }
}

@test "a NIC on net_vhost wakes the worker, whoever comes, and again" {
	comes_and_goes
	comes_and_goes
	kill -s INT $vmq_pid
	status=0
	wait $vmq_pid || status=$?
	vmq_pid=
	cat errors.txt
	is "$status" 0
	is "$(count wire balances) $(count ports balances)" "true true"
	is "$(count vms 0 frames_in) $(count vms 0 frames_out)" "22 22"
}
