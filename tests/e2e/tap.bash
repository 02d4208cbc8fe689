# SPDX-License-Identifier: BSD-2-Clause
# A host whose NIC is a tap in a network namespace of its own, so that every frame sent is
# known; and real guests on its VMs' sockets. After helpers.bash.

tap_setup() {
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	guests=()
}

tap_teardown() {
	office_teardown
	for pid in "${guests[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# host.yaml as a daemon in a network namespace, which ends with it; after $seconds at the latest.
start() {
	[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
	unshare --net sh -c 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1
		exec "$@"' - "$vmq" run --time "${seconds:-40}" --quiet --json --control "$socket" host.yaml \
		>result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
	until inside ip link set uplink mtu 1600 up 2>/dev/null; do sleep 0.02; done
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

# A member of a VM's row: row VM MEMBER
row() {
	"$vmq" queue list --json --socket "$socket" |
		jq -r --arg vm "$1" --arg key "$2" '.[] | select(.vm == $vm) | .[$key]'
}

# Until a member of a VM's row is at least VALUE: reaches VM MEMBER VALUE
reaches() {
	local now
	for _ in $(seq 300); do
		now=$(row "$1" "$2")
		[ "$now" -lt "$3" ] || return 0
		sleep 0.02
	done
	echo "$2 of VM $1 is $now, not $3"
	return 1
}

# Until the VM has been held back, now or since this began.
is_held_back() { # VM
	local tries times
	times=$(row "$1" held_back_times)
	for tries in $(seq 300); do
		[ "$(row "$1" held_back)" != true ] && [ "$(row "$1" held_back_times)" = "$times" ] || return 0
		sleep 0.02
	done
	echo "$1 is not held back, after $tries looks"
	return 1
}

# Until no VM, or not this one, has got or sent a frame from one look to the next, five times in
# a row.
settles() { # [VM]
	local now before='' same=0
	for _ in $(seq 300); do
		now=$("$vmq" queue list --json --socket "$socket" |
			jq -c --arg vm "${1:-}" 'map(select($vm == "" or .vm == $vm) |
				[.indicated, .held, .frames_in, .frames_out])')
		same=$((same + 1))
		[ "$now" = "$before" ] || same=0
		[ "$same" -lt 5 ] || return 0
		before=$now
		sleep 0.02
	done
	echo "it does not come to rest: $now"
	return 1
}

# testpmd on the VM's socket, told what to do through a pipe; its frames are from $mac, or
# from an address of its own: guest NAME MODE [OPTION...]
guest() {
	mkfifo "$1.in"
	dpdk-testpmd --no-huge --no-shconf --no-pci --no-telemetry -m 128 \
		--log-level=error --lcores '0@0,1@0' --vdev="net_virtio_user0,path=$1.sock${mac:+,mac=$mac}" \
		-- -i --total-num-mbufs=8192 --forward-mode="$2" "${@:3}" <"$1.in" >"$1.out" 2>&1 3>&- &
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
