#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A VM that does not take its frames costs itself alone: its losses stand at its own name in
# the ledger, under one reason, and its neighbour under the same load loses nothing. And what
# a VM may send: rates and weights.

load helpers
load tap

setup() { tap_setup; }
teardown() { tap_teardown; }

two_guests() { # a line of YAML for the adapter
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	cat >host.yaml <<-END
	host: {processors: 2, workers: 2}
	adapter:
	  nic: tap:uplink
	  buffers: 256
	$1
	vms:
	- {name: web, mac: "52:54:00:00:00:11", vlan: 10, port: "vhost-user:web.sock"}
	- {name: db, mac: "52:54:00:00:00:21", vlan: 20, port: "vhost-user:db.sock"}
	END
	start
	guest web rxonly
	guest db rxonly
	send 20 52:54:00:00:00:11/10 52:54:00:00:00:21/20 >sent &
	loader=$!
}

# The load ends; everything that was sent for db came.
all_of_db_came() {
	local tries
	: >enough
	wait "$loader"
	sent=$(<sent)
	for tries in $(seq 100); do
		[ "$(row db indicated)" -lt "$sent" ] || break
		sleep 0.02
	done
	is "$(tap_lost)" 0 "frames that the tap had no room for"
	settles
}

# db lost nothing; web's losses are all under queue_full, at its own name.
web_pays_alone() {
	is "$(count vms 1 frames_in)" "$sent" "delivered to db"
	is "$db_rx" "$sent" "what db's guest got"
	is "$(count vms 1 wire_drops)" "{}" "db's losses on the wire"
	is "$(count vms 1 port_drops)" "{}" "db's losses at its port"
	is "$(jq -c '.vms[0].wire_drops | keys' result.json)" '["queue_full"]' "why web lost frames"
	is "$(jq -c '.wire.drops' result.json)" "$(jq -c '.vms[0].wire_drops' result.json)" \
		"all losses on the wire are web's"
	lost=$(count vms 0 wire_drops queue_full)
	echo "# $lost of $sent frames were lost, all of them web's" >&3
	[ "$lost" -gt 500 ]
	is $(($(count vms 0 indicated) + lost)) "$sent" "indicated to web, or lost by it"
}

@test "a real guest that stops reading loses its own frames, its neighbour none" {
	two_guests ""
	reaches web indicated 300
	tell web stop              # it is there, and takes nothing from its ring
	reaches web held 256       # its ring is full, then its queue's buffers are
	is "$(row web outstanding)" 256 "buffers of web's queue that are out"
	at=$(row db indicated)
	reaches db indicated $((at + 3000))
	is "$(row web outstanding)" 256 "buffers of web's queue that are out, still"
	tell web start             # it reads on, and gets frames again
	at=$(row web indicated)
	reaches web indicated $((at + 500))
	all_of_db_came
	guest_end web "${guests[0]}"
	guest_end db "${guests[1]}"
	finish
	web_pays_alone
	is "$(count vms 0 port_drops)" "{}" "web's losses at its port"
	is "$(count vms 0 frames_in)" "$web_rx" "what web's guest got"
	is $((web_rx + lost)) "$sent" "frames for web, read or counted"
}

@test "a filter that keeps a VM's frames costs that VM alone" {
	"$top/tools/vmq-cc" -o keep.so "$top/tests/drivers/keep/keep.c" -DNDIS_WDM=1 -DNDIS630=1 \
		-DKEEP_MOST=256 -Wall -Werror
	two_guests "  filters: [{driver: ./keep.so}]"
	reaches web outstanding 256
	at=$(row db indicated)
	reaches db indicated $((at + 3000))
	all_of_db_came
	guest_end web "${guests[0]}"
	guest_end db "${guests[1]}"
	finish
	web_pays_alone
	is "$(count vms 0 frames_in)" "$web_rx" "what web's guest got"
}

# A VM queue's frames are its VM's alone; of the default queue it keeps as many as NDIS lets
# it, then copies.
@test "a second protocol that keeps the default queue's frames costs no VM any" {
	"$top/tools/vmq-cc" -o hoard.so "$top/tests/drivers/hoard/hoard.c" -DNDIS_WDM=1 -DNDIS630=1 \
		-Wall -Werror
	two_guests "  queues: 1
  protocols: [{driver: ./hoard.so}]"
	reaches "(default)" outstanding 256
	at=$(row web indicated)
	reaches web indicated $((at + 3000))
	is "$(row "(default)" outstanding)" 256 "buffers of the default queue that are out"
	all_of_db_came
	guest_end web "${guests[0]}"
	guest_end db "${guests[1]}"
	finish
	for vm in 0 1; do
		is "$(count vms $vm frames_in)" "$sent" "delivered to VM $vm"
		is "$(count vms $vm wire_drops)" "{}" "VM $vm's losses on the wire"
	done
	is "$web_rx" "$sent" "what web's guest got"
	is "$db_rx" "$sent" "what db's guest got"
}

# Frames of FRAME bytes that leave by the wire at RATE bits a second, over two seconds. Prints
# how many a second; the most that there may be, by the time really gone, with what a late
# worker makes good (eight bursts; one is a hundredth of a second, or four frames of 1514
# bytes); and the least: 2 % below the rate where guest and host had the CPUs that they
# wanted, and less as others had them.
left_a_second() { # RATE FRAME
	inside /usr/bin/python3 -IS - "$@" "$vmq_pid" "${guests[@]}" <<-'END'
	import os, sys, time

	def left():
	    with open("/proc/net/dev") as file:
	        for line in file:
	            name, _, counts = line.partition(":")
	            if name.strip() == "uplink":
	                return int(counts.split()[1])

	def waited():
	    """Seconds that each thread of host and guest could have run and had no CPU."""
	    of = {}
	    for pid in sys.argv[3:]:
	        for task in os.listdir(f"/proc/{pid}/task"):
	            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
	                of[task] = int(file.read().split()[1]) / 1e9
	    return of

	rate, frame = int(sys.argv[1]), int(sys.argv[2])
	before, begun, first = waited(), time.monotonic(), left()
	time.sleep(2)
	last, ended = left(), time.monotonic()
	gone = ended - begun
	starved = max(now - before.get(task, now) for task, now in waited().items()) / gone
	late = 8 * max(rate // 800, 4 * 1514)
	print(round((last - first) / gone), int((rate * gone / 8 + late) / frame / gone) + 1,
	      int(rate / 8 / frame * max(0, 0.98 - 2 * starved)))
	END
}

keeps_rate() { # RATE FRAME
	local got most least
	read -r got most least <<<"$(left_a_second "$1" "$2")"
	echo "# $got frames of $2 bytes a second at $1 bit/s ($least to $most)" >&3
	[ "$got" -ge "$least" ] && [ "$got" -le "$most" ] || {
		echo "$got frames of $2 bytes a second at $1 bit/s, should be $least to $most"
		return 1
	}
}

# What there was of a burst is gone.
is_at_its_rate() { # VM
	reaches "$1" held_back_times $(($(row "$1" held_back_times) + 3))
}

@test "a real guest that floods sends at its rate, which changes while it runs; nothing is dropped" {
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	cat >host.yaml <<-END
	host: {processors: 1, workers: 1}
	adapter: {nic: "tap:uplink"}
	vms:
	- {name: web, mac: "52:54:00:00:00:11", port: "vhost-user:web.sock", spoofing: true,
	   rate: 8M}
	END
	start
	guest web txonly --txpkts=60
	is_at_its_rate web
	keeps_rate 8000000 60
	is "$(row web rate)" 8000000
	try "$vmq" queue set web --rate 2M --weight 5 --socket "$socket"
	is "$status" 0
	is_at_its_rate web
	keeps_rate 2000000 60
	tell web stop
	tell web set txpkts 1500
	try "$vmq" queue set web --rate 48M --socket "$socket"
	is "$status" 0
	tell web start
	is_at_its_rate web
	keeps_rate 48000000 1500
	tell web stop
	try "$vmq" queue set web --rate 0 --socket "$socket"
	settles
	guest_end web "${guests[0]}"
	finish
	is "$(count vms 0 frames_out)" "$(count ports to_wire)" "sent by the guest, and to the wire"
	is "$(count vms 0 port_drops)" "{}"
	is "$(count vms 0 weight)" 5
	[ "$(count vms 0 held_back_times)" -gt 0 ]
}

@test "what nobody can mean is refused: a rate, a burst, a weight" {
	cat >host.yaml <<-END
	adapter: {nic: "tap:uplink"}
	vms: [{name: web, mac: "52:54:00:00:00:11", port: "pcap:web.pcapng"}]
	END
	start
	for wrong in "--rate 1K" "--rate fast" "--burst 5K" "--weight 101" "--rate 1M --burst 300M"; do
		# shellcheck disable=SC2086
		try "$vmq" queue set web $wrong --socket "$socket"
		[ "$status" -ne 0 ] || { echo "$wrong was taken"; return 1; }
		[[ $stderr == *rate* || $stderr == *burst* || $stderr == *weight* ]]
	done
	try "$vmq" queue move web 0 --rate 1M --socket "$socket"
	is "$status" 2
	finish
	is "$(count vms 0 rate)" 0
}
