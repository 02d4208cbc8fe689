#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What VMs' weights are for: two real guests flood one slow adapter, and each has its part of
# what that takes. The adapter is itself a guest of a second host, whose VM has a rate; so it
# takes nothing for a while, and then some dozens of frames at once.

load helpers
load tap

web=52:54:00:00:00:11
db=52:54:00:00:00:21

setup() { tap_setup; }
teardown() { tap_teardown; }

# How many frames of 1,000 bytes are from each VM, of the 9,000 that come by the uplink next;
# on a machine that is busy it takes longer than the three seconds that the rate asks for.
come_by() {
	inside /usr/bin/python3 -IS - $web $db <<-'END'
	import socket, sys
	link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
	link.bind(("uplink", 0))
	link.settimeout(10)
	counts = {bytes.fromhex(mac.replace(":", "")): 0 for mac in sys.argv[1:]}
	while sum(counts.values()) < 9000:
	    frame = link.recv(14)
	    if frame[6:12] in counts:
	        counts[frame[6:12]] += 1
	print(*counts.values())
	END
}

# The slow host, and one whose NIC is its guest, with one VM that weighs 4 and one that
# weighs 1: begin PROCESSORS QUEUES [WEIGHTS]
begin() {
	local weights=${3:-4 1}
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	cat >host.yaml <<-END
	host: {processors: 1, workers: 1}
	adapter: {nic: "tap:uplink"}
	vms:
	- {name: slow, mac: "52:54:00:00:00:99", port: "vhost-user:slow.sock", spoofing: true,
	   rate: 24M}
	END
	socket=$PWD/slow.control seconds=100 start
	inside ip link set uplink mtu 1500
	cat >fast.yaml <<-END
	host: {processors: $1, workers: $1}
	adapter: {nic: "dpdk:net_virtio_user0,path=slow.sock", queues: $2}
	vms:
	- {name: web, mac: "$web", port: "vhost-user:web.sock", weight: ${weights% *}}
	- {name: db, mac: "$db", port: "vhost-user:db.sock", weight: ${weights#* }}
	END
	"$vmq" run --time 100 --quiet --json --control "$socket" fast.yaml >fast.json 2>fast.txt 3>&- &
	fast=$!
	guests+=($fast)
	until [ -S "$socket" ]; do
		kill -0 $fast || { cat fast.txt; return 1; }
		sleep 0.02
	done
	mac=$web guest web txonly --txpkts=1000
	mac=$db guest db txonly --txpkts=1000
}

# What was on its way before is gone: each of these has sent more than the adapter holds, and has
# more to send than it may.
flows() { # VM...
	local vm
	for vm; do
		reaches "$vm" frames_out $(($(row "$vm" frames_out) + 500))
		is_held_back "$vm"
	done
}

# Shares are as A to B, to a tenth: shares A B
shares() {
	local of_web of_db
	flows web db
	read -r of_web of_db < <(come_by)
	echo "# weights $1 and $2: $of_web and $of_db frames" >&3
	[ $((of_web * $2 * 10)) -ge $((of_db * $1 * 9)) ]
	[ $((of_web * $2 * 10)) -le $((of_db * $1 * 11)) ]
	is_held_back web
	is_held_back db
}

# Nothing was lost on the way but what was still in the adapter's own ring.
end() {
	tell web stop
	tell db stop
	settles
	guest_end web "${guests[1]}"
	guest_end db "${guests[2]}"
	kill -s INT $fast
	wait $fast
	finish
	is "$(count vms 0 port_drops)" "{}" "the slow host's losses"
	mv fast.json result.json
	is "$(count wire balances) $(count ports balances)" "true true" "the ledgers"
	is "$(count vms 0 port_drops) $(count vms 1 port_drops)" "{} {}" "losses"
	is $(($(count vms 0 frames_out) + $(count vms 1 frames_out))) "$(count ports to_wire)" \
		"sent by the guests, and to the wire"
}

weigh() { # WEB DB
	try "$vmq" queue set web --weight "$1" --socket "$socket"
	is "$status" 0
	try "$vmq" queue set db --weight "$2" --socket "$socket"
	is "$status" 0
}

@test "two real guests that share a transmit queue have shares by their weights" {
	begin 1 0
	shares 4 1
	weigh 3 2
	shares 3 2
	end
}

@test "two real guests with a transmit queue each have shares by their weights" {
	begin 1 2
	is "$(row web queue) $(row db queue)" "1 2"
	shares 4 1
	weigh 3 2
	shares 3 2
	end
}

@test "two real guests on two processors have shares by their weights" {
	begin 2 2
	shares 4 1
	weigh 3 2
	shares 3 2
	end
}

@test "a real guest that floods alone has the whole adapter, whatever it weighs" {
	begin 1 2 "100 1"
	tell web stop
	settles web
	flows db
	come_by >counts
	read -r of_web of_db <counts
	echo "# alone: $of_web and $of_db frames" >&3
	[ "$of_db" -ge 8700 ]
	tell web start
	end
}
