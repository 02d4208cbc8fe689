#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Real guests with and without offloads: TCP and UDP by iperf3 between a guest and a network
# namespace behind the uplink, and between two guests, with every frame in the ledger after
# it. The namespace's end is a plain one: it takes no wrong checksum and no large frame.

load helpers

outside_ip=10.20.0.1

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	socket=$PWD/c.sock
	outside=vmq-out-$$ host=vmq-in-$$
	guests=()
	guest_dir=${VMQ_GUEST:-$top/build/guest-iperf3}
	"$top/tools/guest-image.sh" "$guest_dir" iperf3 >image.txt 2>&1 || {
		cat image.txt
		return 1
	}
}

teardown() {
	office_teardown
	for pid in "${guests[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	for namespace in "$outside" "$host"; do
		[ -e "/run/netns/$namespace" ] || continue
		ip netns pids "$namespace" | xargs -r kill -s KILL 2>/dev/null || true
		ip netns del "$namespace"
	done
}

outside() { ip netns exec "$outside" "$@"; }

network() {
	[ "$(id -u)" -eq 0 ] || {
		echo "network namespaces need root"
		return 1
	}
	ip netns add "$outside"
	ip netns add "$host"
	outside sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip netns exec "$host" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$outside" link add eth0 numrxqueues 1 numtxqueues 1 type veth \
		peer name uplink netns "$host" numrxqueues 1 numtxqueues 1
	# A veth leaves checksums and segments to hardware that is not there.
	outside ethtool -K eth0 tx off tso off gso off gro off >ethtool.txt
	ip -n "$outside" link set eth0 up
	ip -n "$outside" addr add $outside_ip/24 dev eth0
	ip -n "$host" link set uplink up
}

# start OFFLOAD-OF-a OFFLOAD-OF-b: the switch, and the guests a and b
start() {
	local vm=1 offload each

	network
	{
		printf 'host: {processors: 2, workers: 1}\nadapter: {nic: %s, queues: 4}\nvms:\n' \
			"${nic:-packet:uplink}"
		for offload in "$@"; do
			each=$(printf '\\x%x' $((96 + vm)))
			printf -- "- {name: $each, mac: 52:54:00:00:02:0%d, port: 'vhost-user:%s/$each.sock'" \
				$vm "$PWD"
			printf ', offload: %s}\n' "$offload"
			vm=$((vm + 1))
		done
	} >host.yaml
	ip netns exec "$host" env --default-signal=INT \
		"$vmq" run --time 100 --quiet --json --control "$socket" host.yaml \
		>result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.05; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
	guest a 1
	guest b 2
	says a "guest: ready"
	says b "guest: ready"
}

# guest NAME NUMBER: one that boots; NAME.log is its console
guest() {
	local fd

	mkfifo "$1.in"
	exec {fd}<>"$1.in"
	eval "$1_in=$fd"
	qemu-system-x86_64 -accel tcg -cpu max -m 192 -display none -monitor none \
		-serial stdio -no-reboot -net none \
		-kernel "$guest_dir/vmlinuz" -initrd "$guest_dir/initramfs.gz" \
		-append "console=ttyS0 quiet no_timer_check panic=1 ipv6.disable=1 vm.ip=10.20.0.1$2/24" \
		-object memory-backend-memfd,id=mem,size=192M,share=on -numa node,memdev=mem \
		-chardev "socket,id=c0,path=$PWD/$1.sock" \
		-netdev vhost-user,id=n0,chardev=c0,queues=1 \
		-device "virtio-net-pci,netdev=n0,mac=52:54:00:00:02:0$2,vectors=0" \
		<&"$fd" >>"$1.log" 2>&1 3>&- &
	guests+=($!)
}

# says NAME TEXT: waits for it on the console, 60 s
says() {
	for _ in $(seq 600); do
		! grep -q "$2" "$1.log" || return 0
		sleep 0.1
	done
	echo "$1 does not say '$2':"
	tail -n 20 "$1.log"
	return 1
}

tell() { # NAME COMMAND...
	local in=$1_in
	shift
	echo "$*" >&"${!in}"
}

# in_guest NAME COMMAND...: in the guest, to its end and with success
in_guest() {
	local name=$1 command="${*:2}"

	: >"$name.log"
	tell "$name" run "$command"
	says "$name" "guest: run [0-9]*: " || return 1
	grep -qF "guest: run 0: $command" "$name.log" || {
		cat "$name.log"
		return 1
	}
}

# What iperf3 in the guest measured, in Mbit/s: for who reads the test's output.
measured() { # NAME WHAT
	printf '# %s: %s Mbit/s\n' "$2" \
		"$(sed -n 's/.* \([0-9.]*\) Mbits\/sec.*receiver.*/\1/p' "$1.log" | tail -n 1)" >&3
}

# The guest's NIC has agreed to the features of these numbers, or to none: features NAME 0|1
features() {
	in_guest "$1" cat /sys/class/net/eth0/device/features
	local bits each
	bits=$(grep -o '^[01]\{30,\}' "$1.log")
	for each in 0 1 7 8 11 12; do   # CSUM, GUEST_CSUM, GUEST_TSO4, 6, HOST_TSO4, 6
		is "${bits:$each:1}" "$2" "feature $each of $1"
	done
	is "${bits:13:1}${bits:14:1}" 00 "large sends with ECN, and of UDP, of $1"
}

serve_outside() {
	ip netns exec "$outside" iperf3 -s -D --logfile "$PWD/iperf3.txt"
	until outside ss -ltn | grep -q :5201; do sleep 0.05; done
}

# traffic NAME WORD: both ways, TCP and UDP, of a guest and the namespace
traffic() {
	in_guest "$1" iperf3 -f m -t 1 -c $outside_ip
	measured "$1" "$2, TCP, guest to namespace"
	in_guest "$1" iperf3 -f m -t 1 -R -c $outside_ip
	measured "$1" "$2, TCP, namespace to guest"
	in_guest "$1" iperf3 -f m -t 1 -u -b 40M -l 1400 -c $outside_ip
	measured "$1" "$2, UDP, guest to namespace"
	in_guest "$1" iperf3 -f m -t 1 -u -b 40M -l 1400 -R -c $outside_ip
	measured "$1" "$2, UDP, namespace to guest"
}

# between NAME NAME WORD: TCP from one guest to the other
between() {
	in_guest "$2" iperf3 -s -1 -D
	in_guest "$2" 'until grep -q :1451 /proc/net/tcp*; do sleep 0.1; done'   # port 5201
	in_guest "$1" iperf3 -f m -t 2 -c "10.20.0.1$([ "$2" = a ] && echo 1 || echo 2)"
	measured "$1" "$3"
}

# A VM's row: frames and bytes that it sent
sent() {
	jq -r --arg vm "$1" '.vms[] | select(.vm == $vm) | "\(.frames_out) \(.bytes_out)"' result.json
}

# The daemon ends well, and both ledgers balance to the frame.
finish() {
	ip -n "$outside" link set eth0 down
	tell a poweroff
	tell b poweroff
	says a "guest: power off"
	says b "guest: power off"
	status=0
	kill -s INT "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	cat errors.txt
	is "$status" 0 "the daemon's status"
	is "$(count wire balances)" true "the wire ledger"
	is "$(count ports balances)" true "the port ledger"
	is "$(count ports drops bad_frame)" 0 "bad frames"
	is "$(count ports drops send_failed)" 0 "failed sends"
}

@test "offload on: a guest's large frames reach the wire in segments, and another guest whole" {
	start on on
	features a 1
	serve_outside
	traffic a "offload on"
	between a b "offload on, TCP, guest to guest"
	finish
	read -r frames bytes < <(sent a)
	[ $((bytes / frames)) -gt 3000 ] || {
		echo "a sent $frames frames of $bytes bytes: none was large"
		return 1
	}
}

@test "offload off: a guest is offered nothing, and what it sends is plain" {
	start off on
	features a 0
	serve_outside
	traffic a "offload off"
	between b a "on to off, TCP, guest to guest: finished by the switch"
	between a b "off to on, TCP, guest to guest"
	finish
	read -r frames bytes < <(sent a)
	[ $((bytes / frames)) -le 1514 ] || {
		echo "a sent $frames frames of $bytes bytes: some were large"
		return 1
	}
}
