#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A real guest that stops in the middle, as in a live migration: its queue goes in bounded
# time, others lose nothing, and it gets a queue again when it goes on. And how queues are
# filled: the receive modes, seen from outside.

load helpers
load tap

setup() { tap_setup; }
teardown() { tap_teardown; }

queue() {
	try "$vmq" queue "$@" --socket "$socket"
	is "$status" 0 status || { echo "$stderr"; return 1; }
	is "$stderr" "" "standard error"
}

@test "G5 G10 G11 G13 G15 a guest that stops in the middle: its queue goes, others lose nothing" {
	local sent began ms all
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	cat >host.yaml <<-END
	host: {processors: 2, workers: 2}
	adapter: {nic: "tap:uplink", buffers: 512}
	vms:
	- {name: web, mac: "52:54:00:00:00:11", vlan: 10, port: "vhost-user:web.sock"}
	- {name: db, mac: "52:54:00:00:00:21", vlan: 20, port: "vhost-user:db.sock"}
	END
	seconds=100 start
	guest web macswap
	guest db rxonly
	send 20 52:54:00:00:00:11/10 52:54:00:00:00:21/20 >sent &
	reaches web indicated 500
	# Stopped at any instruction: its ring fills, then its queue.
	kill -STOP "${guests[0]}"
	reaches web held 512
	is "$(row web outstanding)" 512 "buffers of web's queue that are out"
	all=$(row db indicated)
	began=$(date +%s%N)
	queue release web
	ms=$((($(date +%s%N) - began) / 1000000))
	echo "# released in $ms ms" >&3
	[ "$ms" -lt 1000 ] || { echo "the release took $ms ms"; return 1; }
	is "$(row web own_queue)" false
	reaches db indicated $((all + 200))
	kill -CONT "${guests[0]}"
	queue assign web
	is "$(row web state)" RUNNING
	reaches web indicated 200
	: >enough
	wait $!
	sent=$(<sent)
	until [ "$(row db indicated)" -ge "$sent" ] || [ $((${late:=0} + 1)) -gt 100 ]; do
		late=$((late + 1))
		sleep 0.02
	done
	is "$(tap_lost)" 0 "frames that the tap had no room for"
	settles
	guest_end web "${guests[0]}"
	guest_end db "${guests[1]}"
	finish
	# Each frame for db came to db, by its queue.
	is "$(count vms 1 indicated)" "$sent" "indicated on db's queue"
	is "$(count vms 1 frames_in)" "$sent" "delivered to db"
	is "$db_rx" "$sent" "what db's guest got"
	# Each one for web, too, or is counted; what its stopped guest held up was let go.
	is "$(count vms 0 port_drops queue_freed)" 512 "frames of web's queue that were let go"
	is "$(count vms 0 frames_in)" "$web_rx" "what web's guest got"
	is "$(jq '.vms[0].frames_in + ([.wire.drops[], .ports.drops[]] | add)' result.json)" \
		"$sent" "frames for web, delivered or counted"
	# What it sent left, over its own queue and over the default one.
	is "$(count vms 0 frames_out)" "$web_tx" "what web's guest sent"
	is "$(count ports to_wire)" "$web_tx" "sent to the wire"
}

# ---- how queues are filled ----

# VMs one to four on captures, over the tap, with this receive mode: modes RECEIVE NDIS
office_of_four() {
	cat >host.yaml <<-END
	host: {processors: 2, workers: 2}
	adapter: {nic: "tap:uplink", receive: $1, ndis: $2}
	switch: {ndis: $2}
	vms:
	- {name: one, mac: "52:54:00:00:00:11", vlan: 10, port: "pcap:one.pcapng"}
	- {name: two, mac: "52:54:00:00:00:21", vlan: 20, port: "pcap:two.pcapng"}
	- {name: three, mac: "52:54:00:00:00:31", port: "pcap:three.pcapng"}
	- {name: four, mac: "52:54:00:00:00:41", vlan: 40, port: "pcap:four.pcapng"}
	END
}

# Half a second of frames for each of the four; each VM gets its own, and no other.
each_gets_its_own() {
	local sent vm
	sent=$(send 0.5 52:54:00:00:00:11/10 52:54:00:00:00:21/20 52:54:00:00:00:31 52:54:00:00:00:41/40)
	[ "$sent" -gt 100 ] || { echo "only $sent sent"; return 1; }
	for vm in one two three four; do
		reaches $vm indicated "$sent"
		is "$(row $vm own_queue)" true
	done
	is "$(tap_lost)" 0 "frames that the tap had no room for"
	queue list
	echo "$output" >table
	"$vmq" queue list --json --socket "$socket" >list.json
	finish
	for vm in 0 1 2 3; do
		is "$(count vms $vm frames_in)" "$sent"
	done
	is "$(tcpdump -r three.pcapng --count 'ether dst 52:54:00:00:00:31 and not vlan' 2>/dev/null)" \
		"$sent packets"
}

# Of each VM's row: a list of MEMBER
listed() { jq -c --arg key "$1" '[.[] | select(.vm != "(default)") | .[$key]]' list.json; }

@test "C33 placed: vmq queue list says how each queue receives" {
	office_of_four placed 6.30
	start
	each_gets_its_own
	is "$(listed mode)" '["placed","placed","placed","placed"]'
	is "$(listed in_place)" '[null,null,null,null]'
	is "$(jq -c '.[0] | [.vm, .mode]' list.json)" '["(default)",null]'
	grep -Eq '^adapter +1 +one +RUNNING +placed +0 ' table
	grep -Eq '^adapter +0 +\(default\) +RUNNING +- +0 ' table
}

@test "U17 loaned: frames stay in the NIC's memory, and each VM gets its own" {
	office_of_four loaned 6.30
	start
	each_gets_its_own
	is "$(listed mode)" '["loaned","loaned","loaned","loaned"]'
}

@test "U17 steered: the kernel's frames come to each VM, without a copy while the tap has queues" {
	office_of_four steered 6.30
	start
	each_gets_its_own
	# A tap has four queues, and one is for what nobody steered.
	is "$(listed mode)" '["steered","steered","steered","placed"]'
	is "$(jq '[.[] | select(.mode == "steered") | .in_place == .indicated] | all' list.json)" true
	grep -Eq '^adapter +3 +three +RUNNING +steered ' table
}

@test "E15 U18 split: a 6.20 host and a 6.20 adapter" {
	office_of_four placed 6.20
	start
	each_gets_its_own
	is "$(listed mode)" '["split","split","split","split"]'
	is "$(listed lent)" '[0,0,0,0]'
	is "$(listed faults)" '[0,0,0,0]'
}
