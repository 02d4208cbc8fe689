#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Two hosts, one the other's VM: the NIC of the near one is a virtio device, whose other end, in
# the far host's process, writes into the receive buffers by itself, as a device would by DMA.

load helpers
load tap

web=52:54:00:00:00:11

setup() { tap_setup; }
teardown() { tap_teardown; }

# Sends COUNT frames of LENGTH bytes to web by the uplink, each when the last has come back from
# there, and looks that each is whole and none comes twice: echo_frames COUNT LENGTH
echo_frames() {
	inside /usr/bin/python3 -IS - $web "$1" "$2" <<-'END'
	import socket, sys
	link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
	link.bind(("uplink", 0x88b5))
	link.settimeout(5)
	web = bytes.fromhex(sys.argv[1].replace(":", ""))
	us = b"\x52\x54\x00\x00\x01\x00"
	for n in range(int(sys.argv[2])):
	    rest = b"\x88\xb5" + n.to_bytes(4, "big")
	    rest += bytes(i * 7 + n & 255 for i in range(int(sys.argv[3]) - 18))
	    link.send(web + us + rest)
	    try:
	        back = link.recv(2048)
	    except TimeoutError:
	        sys.exit(f"frame {n} did not come back")
	    if back != us + web + rest:
	        sys.exit(f"frame {n} came back as {back.hex()}")
	END
}

# begin RECEIVE [KEYS-OF-THE-NEAR-HOST]
begin() {
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	cat >host.yaml <<-END
	host: {processors: 1, workers: 1}
	adapter: {nic: "tap:uplink"}
	vms:
	- {name: near, mac: "$web", port: "vhost-user:near.sock"}
	END
	socket=$PWD/far.control seconds=100 start
	cat >near.yaml <<-END
	host: {processors: 1, workers: 1${2:+, $2}}
	adapter: {nic: "dpdk:net_virtio_user0,path=near.sock", receive: $1}
	vms:
	- {name: web, mac: "$web", port: "vhost-user:web.sock"}
	END
	"$vmq" run --time 100 --quiet --json --control "$socket" near.yaml >near.json 2>near.txt 3>&- &
	near=$!
	guests+=($near)
	until [ -S "$socket" ]; do
		kill -0 $near || { cat near.txt; return 1; }
		sleep 0.02
	done
	guest web macswap
	sleep 0.3
}

# Every frame of COUNT came to web by the NIC, and went back by it.
end() {
	guest_end web "${guests[1]}"
	kill -s INT $near
	status=0
	wait $near || status=$?
	cat near.txt
	is "$status" 0 "the near host's status"
	finish
	mv near.json result.json
	is "$(count wire balances) $(count ports balances)" "true true" "the near host's ledgers"
	is "$(count vms 0 frames_in) $(count vms 0 frames_out)" "$1 $1" "frames of web"
	is "$(count ports to_wire)" "$1" "frames to the far host"
}

@test "a virtio device as NIC receives into placed queues" {
	begin placed
	echo_frames 100 60
	echo_frames 100 1514
	end 200
}

@test "a virtio device as NIC receives into buffers that are loaned" {
	begin loaned
	echo_frames 100 60
	echo_frames 100 1514
	end 200
}

@test "memory that a device could not reach is refused in words" {
	cat >small.yaml <<-END
	host: {eal: [--no-huge, --no-shconf, --no-pci, --no-telemetry, -m, 128, "--log-level=*:3"]}
	adapter: {nic: "dpdk:net_null0", receive: loaned, buffers: 8192}
	vms:
	- {name: web, mac: "$web", port: "pcap:web.pcapng"}
	END
	try "$vmq" run --time 1 --quiet small.yaml
	is "$status" 1
	[[ "$stderr" == *"DPDK's memory has no room for the "*" MiB of receive buffers of queue 0"* ]]
	[[ "$stderr" == *"give more by -m in host.eal"* ]]
	sed "/^host/d" small.yaml >enough.yaml
	try "$vmq" run --time 1 --quiet enough.yaml
	is "$status" 0
	is "$stderr" ""
}
