#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A guest on a region of shared memory, under a 6.20 host and a 6.20 miniport: frames split
# by the adapter, the guest's own memory under its queue.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cc -Wall -Werror -I "$top/include/guest" -o guest "$top/examples/region_guest.c"
	# Of every length, so that some end before the split, at it and behind it.
	for i in 14 15 17 18 19 60 61 64 100 500 1000 1499 1513 1514; do
		echo "10 x 11 01 $((i + 4)) tag=10"
	done >frames
	capture wire.pcap <frames
}

teardown() { office_teardown; }

config() { # NDIS-OF-THE-HOST NDIS-OF-THE-MINIPORT
	cat >host.yaml <<-END
	host: {processors: 2, workers: 1}
	adapter: {nic: "pcap-loop:wire.pcap", out: out.pcapng, ndis: $2, buffers: 256}
	switch: {ndis: $1}
	vms:
	- {name: web, mac: "52:54:00:00:00:11", vlan: 10, port: "region:web.sock"}
	- {name: db, mac: "52:54:00:00:00:21", vlan: 10, port: "pcap:db.pcapng"}
	END
}

start() {
	timeout 30 "$vmq" run --quiet --json --control "$PWD/c.sock" host.yaml >result.json 2>errors.txt &
	vmq_pid=$!
}

finish() {
	kill -s INT "$(ps -o pid= --ppid "$vmq_pid")"
	status=0
	wait "$vmq_pid" || status=$?
	vmq_pid=
	cat errors.txt
	is "$status" 0
	balances
}

# Every sum that the guest printed is one of a frame in the capture, without its tag.
frames_are_intact() { # FILE
	/usr/bin/python3 -IS - "$1" <<-'END'
	import re, struct, sys
	data, at, sums = open("wire.pcap", "rb").read(), 24, set()
	while at < len(data):
	    length = struct.unpack_from("<I", data, at + 8)[0]
	    frame = data[at + 16:at + 16 + length]
	    at += 16 + length
	    total = 0
	    for byte in frame[:12] + frame[16:]:
	        total = (total * 31 + byte) % 2**64
	    sums.add("%016x" % total)
	got = re.findall(r"sum ([0-9a-f]{16})", open(sys.argv[1]).read())
	bad = [s for s in got if s not in sums]
	print(len(got), "frames,", len(set(got)), "different,", len(bad), "not as they were sent")
	sys.exit(bool(bad) or len(set(got)) < 100)
	END
}

balances() {
	jq -e '.wire.balances and .ports.balances' <result.json >/dev/null || {
		cat result.json
		return 1
	}
}

run_guest() { # HOST MINIPORT
	config "$1" "$2"
	start
	./guest web.sock frames=3000 seconds=15 send=52:54:00:00:00:21,52:54:00:00:00:11,hello-from-web >got.txt
	finish
	frames_are_intact got.txt
	[ "$(jq '.vms[0].delivered // .vms[0].frames_in' <result.json)" -ge 3000 ]
	# What it sent reached the other VM.
	grep -aq hello-from-web db.pcapng
}

@test "E19: frames split by the adapter reach the guest in its own memory, whole" {
	run_guest 6.20 6.20
	is "$(grep -c lent$ got.txt)" 3000
}

@test "E21: under a 6.30 host the same guest gets copies" {
	run_guest 6.30 6.20
	is "$(grep -c copied$ got.txt)" 3000
}

@test "E26: a 6.30 miniport does not split, and the guest gets copies" {
	run_guest 6.20 6.30
	is "$(grep -c copied$ got.txt)" 3000
}

@test "G11: a guest that is killed with frames in its hands holds nothing up" {
	config 6.20 6.20
	start
	./guest web.sock frames=100000000 quiet &
	guest_pid=$!
	until [ "$("$vmq" queue list --json --socket "$PWD/c.sock" 2>/dev/null |
		jq '.[] | select(.vm == "web") | .lent')" -gt 0 ] 2>/dev/null; do
		kill -0 "$guest_pid"
		sleep 0.02
	done
	kill -KILL "$guest_pid"
	wait "$guest_pid" || true
	./guest web.sock frames=500 seconds=10 >got.txt
	finish
	frames_are_intact got.txt
}

@test "the guest's headers compile alone, as C11 and as C++17" {
	local header compiler
	for header in ovmq_region.h ovmq_guest.h; do
		printf '#include <%s>\n#include <%s>\n' "$header" "$header" >alone.c
		cp alone.c alone.cc
		for compiler in "cc -std=c11" "c++ -std=c++17" "clang -std=c11" "clang++ -std=c++17"; do
			command -v ${compiler%% *} >/dev/null || continue
			$compiler -Wall -Wextra -Wundef -Werror -I "$top/include/guest" -fsyntax-only \
				"$([[ $compiler == *++* ]] && echo alone.cc || echo alone.c)"
		done
	done
}
