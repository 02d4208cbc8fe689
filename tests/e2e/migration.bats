#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A real guest that stops in the middle, as in a live migration: its queue goes in bounded
# time, others lose nothing, and it gets a queue again when it goes on. And how queues are
# filled: the receive modes, seen from outside. The NIC is a tap in a network namespace of
# the test's own, so that every frame sent is known.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	guests=()
}

teardown() {
	office_teardown
	for pid in "${guests[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# host.yaml as a daemon in a network namespace, which ends with it.
start() {
	[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
	unshare --net sh -c 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1
		exec "$@"' - "$vmq" run --time 30 --quiet --json --control "$socket" host.yaml \
		>result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
	until inside ip link set uplink up 2>/dev/null; do sleep 0.02; done
}

# In the daemon's namespace.
inside() { nsenter --net="/proc/$vmq_pid/ns/net" "$@"; }

# The daemon ends well, and both ledgers balance.
finish() {
	status=0
	kill -s INT "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	cat errors.txt
	is "$status" 0 "the daemon's status"
	is "$(count wire balances)" true "the wire ledger"
	is "$(count ports balances)" true "the port ledger"
}

# Sends frames by the uplink as the kernel does, 2,500 a second to each; until the time is
# over, or the file 'enough' is there. Prints how many went to each: send SECONDS MAC[/VLAN]...
send() {
	inside /usr/bin/python3 -IS - "$@" <<-'END'
	import os, socket, sys, time
	out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	out.bind(("uplink", 0))
	to, sent, began = [], 0, time.monotonic()
	due = began
	for each in sys.argv[2:]:
	    mac, _, vlan = each.partition("/")
	    tag = b"\x81\x00" + int(vlan).to_bytes(2, "big") if vlan else b""
	    to.append(bytes.fromhex(mac.replace(":", "")) + b"\x52\x54\x00\x00\x01\x00" + tag)
	while not os.path.exists("enough") and time.monotonic() - began < float(sys.argv[1]):
	    for start in to:
	        out.send(start + b"\x88\xb5" + sent.to_bytes(4, "big") + bytes(50))
	    sent += 1
	    # Who comes late does not hurry: the tap has room for 500 frames.
	    now = time.monotonic()
	    due = max(due + 1 / 2500, now)
	    time.sleep(due - now)
	print(sent)
	END
}

# What the tap's own ring had no room for: then nobody can say what should have come.
tap_lost() { inside ip -s -j link show uplink | jq '.[0].stats64.tx.dropped'; }

queue() {
	try "$vmq" queue "$@" --socket "$socket"
	is "$status" 0 status || { echo "$stderr"; return 1; }
	is "$stderr" "" "standard error"
}

# A member of a VM's row: row VM MEMBER
row() {
	"$vmq" queue list --json --socket "$socket" |
		jq -r --arg vm "$1" --arg key "$2" '.[] | select(.vm == $vm) | .[$key]'
}

# Until a member of a VM's row is at least VALUE: reaches VM MEMBER VALUE
reaches() {
	local now
	for _ in $(seq 200); do
		now=$(row "$1" "$2")
		[ "$now" -lt "$3" ] || return 0
		sleep 0.02
	done
	echo "$2 of VM $1 is $now, not $3"
	return 1
}

# ---- real guests ----

# testpmd on the VM's socket, told what to do through a pipe: guest NAME MODE
guest() {
	mkfifo "$1.in"
	dpdk-testpmd --no-huge --no-shconf --no-pci --no-telemetry -m 128 \
		--log-level=error --lcores '0@0,1@0' --vdev="net_virtio_user0,path=$1.sock" \
		-- -i --total-num-mbufs=8192 --forward-mode="$2" <"$1.in" >"$1.out" 2>&1 3>&- &
	guests+=($!)
	eval "exec {$1_in}>$1.in"
	until grep -q "testpmd>" "$1.out"; do
		kill -0 "${guests[-1]}" || { cat "$1.out"; return 1; }
		sleep 0.02
	done
	tell "$1" start
}

tell() { # GUEST COMMAND...
	local in=$1_in
	echo "${@:2}" >&"${!in}"
}

# The guest ends; its counts are in NAME_rx and NAME_tx: guest_end NAME PID
guest_end() {
	local in=$1_in
	tell "$1" stop
	tell "$1" show port stats 0
	tell "$1" quit
	eval "exec ${!in}>&-"
	wait "$2" || true
	eval "$1_rx=$(sed -n 's/.*RX-packets: *\([0-9]*\) *RX-missed.*/\1/p' "$1.out" | tail -n 1)"
	eval "$1_tx=$(sed -n 's/.*TX-packets: *\([0-9]*\) *TX-errors.*/\1/p' "$1.out" | tail -n 1)"
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
	start
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
	sleep 0.2
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
