#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A guest's large TCP sends over real ports: whole where the port cuts them, in segments where it
# does not, with every byte, and the same in the ledger; and frames that come to a port with
# unfinished checksums. The far ends are one program (large_ends.c).

load helpers

setup() {
	ends=${LARGE_ENDS:-$(dirname "$vmq")/../../tests/e2e/large_ends}
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	ends_pid=
}

teardown() {
	office_teardown
	[ -z "$ends_pid" ] || kill -KILL "$ends_pid" 2>/dev/null || true
}

# large whole|cut|vhost NIC FRAMES-TO-THE-GUEST
large() {
	"$ends" "$PWD/wire.sock" "$PWD/a.sock" "$1" >ends.txt 2>ends.err 3>&- &
	ends_pid=$!
	until [ "$1" = vhost ] || grep -qs listens ends.txt || ! kill -0 "$ends_pid" 2>/dev/null; do
		sleep 0.02
	done
	cat >host.yaml <<-END
	host: {processors: 2, workers: 1}
	adapter: {nic: "dpdk:$2=$PWD/wire.sock", queues: 4, keywords: {"*QOS": 0}}
	vms:
	- {name: a, mac: "02:00:00:00:00:01", port: "vhost-user:a.sock"}
	END
	"$vmq" run --time 60 --quiet --json --control "$socket" host.yaml >result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	status=0
	wait "$ends_pid" || status=$?
	ends_pid=
	cat ends.txt
	[ "$status" = 0 ] || cat ends.err errors.txt
	is "$status" 0 "the far ends' status"
	kill -s INT "$vmq_pid"
	status=0
	wait "$vmq_pid" || status=$?
	vmq_pid=
	cat errors.txt
	is "$status" 0 "the daemon's status"
	segments=$(sed -n 's/.* of \([0-9]*\) segments/\1/p' ends.txt)
	is "$(jq '[.. | .classes? // empty | .[].sent] | add' result.json)" "$segments" \
		"frames on the wire, of all classes"
	is "$(count wire balances)" true "the wire ledger"
	is "$(count ports balances)" true "the port ledger"
	is "$(count ports drops bad_frame)" 0 "bad frames"
	is "$(jq '.vms[0].frames_out' result.json)" 24 "frames of the guest"
	is "$(jq '.vms[0].frames_in' result.json)" "$3" "frames to the guest"
}

@test "P9 a NIC that cuts large sends gets them whole" {
	large whole net_virtio_user0,path 0
}

@test "P9 a NIC that does not gets segments of the same bytes" {
	large cut net_virtio_user0,path 0
}

@test "P4 P9 what comes with unfinished checksums reaches the guest finished" {
	large vhost net_vhost0,iface 24
}
