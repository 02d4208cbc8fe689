#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Order within each flow, both ways, while the queues move between processors all the
# time: the wire is a vhost device, the VMs are virtio guests on vhost-user sockets, and the far
# ends of all of them are one program that numbers each flow and looks (flow_order.c).
# 'queues': of the wire, each way (1); 'pairs': of each guest (1); 'across': not by the wire, but from
# guest to guest.
# FRAMES: how many in all, both ways (1,000,000); SECONDS: for them (60).

load helpers

frames=${FRAMES:-1000000}
seconds=${SECONDS_FOR_THEM:-60}

setup() {
	ends=${FLOW_ORDER:-$(dirname "$vmq")/../../tests/e2e/flow_order}
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	ends_pid=
}

teardown() {
	office_teardown
	[ -z "$ends_pid" ] || kill -KILL "$ends_pid" 2>/dev/null || true
}

host_start() { # LINE OF adapter...
	cat >host.yaml <<-END
	host: {processors: 4, workers: 2}
	adapter:
	  nic: "dpdk:net_vhost0,iface=$PWD/wire.sock,queues=${queues:-1}"
	$(printf '  %s\n' "$@")
	vms:
	- {name: web, mac: "52:54:00:00:00:11", port: "vhost-user:web.sock"}
	- {name: db, mac: "52:54:00:00:00:12", port: "vhost-user:db.sock"}
	END
	"$vmq" run --time $((seconds + 30)) --quiet --json --control "$socket" host.yaml \
		>result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
}

# The far ends, until they have sent and got everything; the queues move meanwhile.
ends_run() {
	local moves=0 vm
	"$ends" --no-huge --no-shconf --no-pci --no-telemetry -m 256 --log-level=error \
		--lcores 0@0 --vdev="net_virtio_user_wire,path=$PWD/wire.sock,queues=${queues:-1}" \
		--vdev="net_virtio_user0,path=$PWD/web.sock,queues=${pairs:-1}" \
		--vdev="net_virtio_user1,path=$PWD/db.sock,queues=${pairs:-1}" \
		-- "$frames" "$seconds" ${across:-} >ends.txt 2>ends.err 3>&- &
	ends_pid=$!
	until grep -q begins ends.txt || ! kill -0 "$ends_pid" 2>/dev/null; do sleep 0.02; done
	while kill -0 "$ends_pid" 2>/dev/null; do
		for vm in web db; do
			"$vmq" queue move "$vm" $((RANDOM % 4)) --socket "$socket" >moved 2>&1 ||
				grep -q "already\|same" moved || { cat moved; return 1; }
			moves=$((moves + 1))
		done
	done
	status=0
	wait "$ends_pid" || status=$?
	ends_pid=
	cat ends.err errors.txt
	tail -n 1 ends.txt
	echo "# $(tail -n 1 ends.txt) moves=$moves" >&3
	is "$status" 0 "the far ends' status"
	[ "$moves" -ge 4 ] || { echo "only $moves moves"; return 1; }
	eval "$(tail -n 1 ends.txt)"
	is "$vm_got" "$wire_sent" "frames that the VMs got"
	is "$wire_got" "$vm_sent" "frames that the wire got"
	is "$across_got" "$across_sent" "frames from guest to guest"
	is "$disorder" 0 "frames out of their order"
}

finish() {
	status=0
	kill -s INT "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	is "$status" 0 "the daemon's status" || { cat errors.txt; return 1; }
	is "$(count wire balances)" true "the wire ledger"
	is "$(count ports balances)" true "the port ledger"
}

@test "F13 order of each flow, both ways, while placed queues move" {
	host_start "buffers: 512"
	ends_run
	finish
}

@test "F13 order of each flow, both ways, while loaned queues move" {
	[ "$frames" -le 1000000 ] || frames=$((frames / 10))
	host_start "buffers: 512" "receive: loaned"
	ends_run
	finish
}

@test "A7 B12 order of each flow where the NIC has four transmit queues" {
	queues=4
	host_start "buffers: 512"
	ends_run
	finish
}

@test "F13 order of each flow from VM to VM, while both move" {
	across=across
	host_start "buffers: 512"
	ends_run
	finish
}

@test "F13 the same where the guests send by two queues" {
	across=across pairs=2
	host_start "buffers: 512"
	ends_run
	finish
}
