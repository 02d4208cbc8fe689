#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The benchmark's generator and receivers (bench/traffic) tell the truth: against captures that
# were written and are read by its README alone, and through a switch that is not ours.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	wanted=() about=() ports=() orders=""
	traffic=$(dirname "$vmq")/../../bench/traffic/traffic
	[ -x "$traffic" ] || skip "no $traffic"
}

teardown() {
	[ -z "${switch_pid:-}" ] || kill -9 "$switch_pid" 2>/dev/null || true
}

frames() { "$e2e/traffic_frames.py" "$@"; }

# Commands, one a line, to a program with these ports: tell "COMMANDS" PORT...
tell() {
	local commands=$1 ports=()
	shift
	for port in "$@"; do
		ports+=(--port "$port")
	done
	echo "$commands" | timeout 20 "$traffic" --cpu "$(($(nproc) - 1))" "${ports[@]}" \
		>answers.json 2>errors.txt || {
		cat errors.txt
		return 1
	}
}

# A count of a port in the last answer that has counts
counted() { jq -r --arg port "$1" --arg key "$2" 'select(.ports[$port]?) | .ports[$port][$key]' answers.json | tail -1; }

# A port is to receive these frames and count this, zeros left out: hears "KEYS" "COUNTS" WHAT SPEC...
hears() {
	local n=${#wanted[@]}
	wanted+=("$2")
	about+=("$3")
	orders+="receive p$n $1"$'\n'
	ports+=("p$n=vdev:net_pcap$n,rx_pcap=in$n.pcap")
	frames write "in$n.pcap" "${@:4}"
}

# All ports of before in one run.
hear() {
	local n
	tell "${orders}settle 50
totals" "${ports[@]}"
	for n in "${!wanted[@]}"; do
		is "$(jq -r --arg port "p$n" 'select(.seconds) | .ports[$port] | to_entries |
			map(select(.value != 0 and .key != "bytes")) | map("\(.key) \(.value)") |
			join(", ")' answers.json)" "${wanted[$n]}" "${about[$n]}"
	done
}

is() { [ "$1" = "$2" ] || { echo "$3: is '$1', not '$2'"; return 1; }; }

@test "traffic sends what its README says, each flow in its order" {
	tell "flood a count=100 to=52:54:00:00:00:fe+3 from=02:00:00:00:00:77 size=64
settle 20
flood a count=50 flows=2 size=60 vlan=7
settle 20
flood a count=24 flows=1 size=imix vlan=none
settle 20
flood a count=1 size=1518
settle 20
totals" a=vdev:net_pcap0,tx_pcap=out.pcap
	frames read out.pcap >frames.txt
	! grep wrong frames.txt
	is "$(wc -l <frames.txt)" 175 "frames"
	is "$(counted a sent)" 175 "sent"
	is "$(counted a sent_bytes)" "$(awk '{ n += $6 } END { print n }' frames.txt)" "bytes"
	is "$(cut -d' ' -f1 frames.txt | sort | uniq -c | awk '{ print $2 }' | xargs)" \
		"52:54:00:00:00:fe 52:54:00:00:00:ff 52:54:00:00:01:00" "destinations"
	# No number of a flow is missing, none is before its turn.
	awk '$5 != next_[$4]++ { print "flow", $4, "frame", $5; bad = 1 } END { exit bad }' frames.txt
	is "$(awk 'NR > 150 && NR <= 174 { print $6 }' frames.txt | sort -n | uniq -c | xargs)" \
		"14 60 8 590 2 1514" "imix"
	is "$(awk 'NR > 100 && NR <= 150 { print $3 }' frames.txt | sort -u)" 7 "tags"
}

@test "traffic counts what is lost, late or doubled as just that" {
	hears '' "frames 100" "all" 9/0-99
	hears '' "frames 99, lost 1, gaps 1" "one lost" 9/0-49 9/51-99
	hears '' "frames 116, lost 10, gaps 1" "ten lost, another flow" 9/0-49 9/60-99 8/5-30
	hears '' "frames 101, gaps 1, twice 1" "one twice" 9/0-49 9/49-99
	hears '' "frames 100, gaps 2, reordered 1" "one late" 9/0-49 9/51-60 9/50 9/61-99
	hears '' "frames 100, lost 1, gaps 2, reordered 1" "much too late" 9/0-9 9/11-99 9/10
	hears '' "frames 15, lost 1, gaps 1" "round the end" 9/4294967290-4294967295 9/1-9
	hear
}

@test "traffic knows a looped capture's end from a loss" {
	hears '' "frames 40, looped 40" "all" 9/0-19/of=20 9/0-19/of=20
	hears '' "frames 37, looped 37, lost 3, gaps 2" "three lost" \
		9/0-19/of=20 9/2-9/of=20 9/11-19/of=20
	hears '' "frames 27, looped 27, lost 3, gaps 1" "three lost round the end" \
		9/0-17/of=20 9/1-9/of=20
	hear
}

@test "traffic takes no frame for good that is not" {
	for damage in check sequence pattern ipsum short; do
		hears '' "bad 1" "$damage" "9/0/$damage"
	done
	hears '' "bad 1" "the last byte of a large one" 9/0/size=1514/last
	hears '' "frames 1, bad 1" "the number at the end" 9/0/size=64/last 9/1/size=64
	hears '' "frames 1, unknown 1" "not ours" strange 9/0
	hears 'to=52:54:00:00:00:01+2' "frames 2, foreign 1" "another's" \
		9/0 9/1/to=52:54:00:00:00:02 9/2/to=52:54:00:00:00:03
	hears 'vlan=none' "frames 1, foreign 1" "a tag that must not be" 9/0 9/1/vlan=5
	hears 'vlan=5' "frames 1, foreign 1" "a tag that must be" 9/0 9/1/vlan=5
	hears '' "frames 2" "a tag was taken away, padded or not" 9/0/size=56/pad=60 9/1/size=56
	hear
}

@test "traffic tells what it could not send, which uses no number of its flow" {
	# A ring of 1023 frames, which come back to who sent them.
	tell "pace a rate=1000000 to=52:54:00:00:00:01+3
measure 500
silent a
totals
flood a
measure 5
silent a
receive a
settle 20
flood a count=500
settle 20
totals" a=vdev:net_ring0
	jq -se '[.[] | select(.seconds)] | .[1].ports.a | .sent == 1023 and .missed > 0' answers.json
	# All that was sent: the 1023 of the pace were there before the counts began again.
	is "$(counted a sent) $(counted a frames) $(counted a gaps)" "500 1523 0" "sent, arrived, gaps"
}

@test "traffic refuses commands that cannot be, and goes on" {
	tell "frog
receive b
receive a size=60
pace a
pace a rate=x
flood a
flood a to=1:2
flood a to=52:54:00:00:00:01 from=a
flood a to=52:54:00:00:00:01+2000 flows=2
slow a
measure
measure x
measure 5 windows=0
latency a 5 windows=501
first a gap=1
receive a b c d e f
stop" a=vdev:net_null0
	is "$(jq -s '[.[] | select(.error)] | length' answers.json)" 16 "errors"
	is "$(tail -1 answers.json | jq -c .)" '{"ok":true}' "the last answer"
	run ! timeout 10 "$traffic" --port a=vhost:none.sock </dev/null
	run ! timeout 10 "$traffic" --port a </dev/null
	run ! timeout 10 "$traffic" --port a=frog:b </dev/null
}

# Two ports of testpmd, each sends what the other receives.
switch_start() {
	mkfifo quit
	dpdk-testpmd --lcores '0@0,1@0' --no-huge --no-shconf --no-pci --no-telemetry -m 256 \
		--vdev=net_vhost0,iface=a.sock --vdev=net_vhost1,iface=b.sock -- -i --nb-cores=1 \
		--auto-start --total-num-mbufs=4096 <quit >testpmd.txt 2>&1 &
	switch_pid=$!
	exec 7>quit
	for _ in $(seq 100); do
		[ ! -S b.sock ] || return 0
		sleep 0.1
	done
	cat testpmd.txt
	return 1
}

@test "traffic through testpmd: all that arrived and all that did not is told" {
	switch_start
	tell "receive all
pace a rate=2000 count=200 to=52:54:00:00:00:01+4 size=imix
settle 300
totals" a=vhost:a.sock b=vhost:b.sock
	is "$(counted a sent)" 200 "sent"
	is "$(counted b frames)" 200 "arrived"
	is "$(counted b lost)$(counted b bad)$(counted b twice)$(counted b reordered)" 0000 "wrong"
	# A guest that sends all back, and the way there and back in the times.
	tell "receive a to=02:00:00:00:00:01
echo b
pace a rate=1000 to=52:54:00:00:00:01 from=02:00:00:00:00:01
latency a 300
latency a 300 windows=10" a=vhost:a.sock b=vhost:b.sock
	is "$(counted b sent)" "$(counted b frames)" "sent back"
	jq -e 'select(.seconds) | .ports.a | .latency.frames == .frames and .frames > 10 and
		.latency.min_ns > 100 and .latency.p50_ns <= .latency.p99_ns and
		.latency.p99_ns <= .latency.max_ns' answers.json
	# The windows' own percentiles, which their sum's lie among.
	jq -e 'select(.windows) | .windows.n == 10 and .windows.clean >= 1 and .windows.p50_ns > 100 and
		.windows.p50_ns <= .windows.p999_ns and .windows.p999_ns <= .ports.a.latency.max_ns and
		.ports.a.latency.frames == .ports.a.frames' answers.json
	# One that reads nothing loses what its ring has no room for, and nothing else.
	tell "flood a count=2000 to=52:54:00:00:00:01
settle 300
receive b
settle 50
flood a count=1
settle 50
totals" a=vhost:a.sock b=vhost:b.sock
	is "$(counted a sent)" 2001 "sent"
	[ "$(counted b lost)" -gt 1000 ]
	is "$(($(counted b frames) + $(counted b lost)))" 2001 "arrived or lost"
	is "$(counted b bad)$(counted b twice)$(counted b reordered)" 000 "wrong"
	# One that reads too slowly loses in every window.
	tell "slow b rate=20000
flood a to=52:54:00:00:00:01
measure 100
measure 800 windows=4" a=vhost:a.sock b=vhost:b.sock
	jq -e 'select(.windows) | .windows == {n: 4, clean: 0}' answers.json
	tell "first b from=a gap=5 count=10 to=52:54:00:00:00:01" a=vhost:a.sock b=vhost:b.sock
	jq -e 'select(.first) | .first.frames == 10 and .first.lost == 0 and .first.p50_ns > 100' answers.json
}
