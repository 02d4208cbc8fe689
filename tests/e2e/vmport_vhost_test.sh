#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# VM ports with a real guest: dpdk-testpmd with a virtio NIC speaks vhost-user to
# vmport_driver; and a tap in a network namespace of its own.
#
#   vmport_vhost_test.sh VMPORT_DRIVER
#
# Prints "ok NAME" or "not ok NAME: ..." a case; ends with 1 when one failed, and
# with 77 (skipped) when there is no testpmd. Needs no hugepages.
set -u
driver=$(realpath "$1")
[ -x "$driver" ] || { echo "usage: $0 VMPORT_DRIVER" >&2; exit 2; }
dir=$(mktemp -d)
sock=$dir/vm.sock
failed=0
direct=
# The guest runs on CPU 0; two that poll must not share one.
pin=
[ "$(nproc)" -gt 1 ] && pin="taskset -c 1"
driver_pid=
guest_pid=
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

command -v dpdk-testpmd >/dev/null || { echo "skipped: dpdk-testpmd is not installed"; exit 77; }

cleanup() {
	[ -n "$guest_pid" ] && kill -9 "$guest_pid" 2>/dev/null
	[ -n "$driver_pid" ] && kill -9 "$driver_pid" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap '' PIPE
trap 'exit 1' INT TERM

verdict() { # NAME CONDITION...: the rest is a test expression
	name=$1
	shift
	if [ "$@" ]; then
		echo "ok $name"
	else
		echo "not ok $name: [ $* ]; $(tail -n 1 "$dir/driver.out")"
		failed=1
	fi
}

until_true() { # SECONDS COMMAND...
	tries=$(($1 * 20))
	shift
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

driver_start() { # SPEC WISHES...
	: >"$dir/driver.out"
	$pin "$driver" "$@" $direct >"$dir/driver.out" 2>"$dir/driver.err" &
	driver_pid=$!
	case $1 in vhost-user:*) until_true 10 test -S "$sock" ;; esac
}

# Ends the driver and reads its counts into delivered, received, bad, ...
driver_end() {
	kill "$driver_pid" 2>/dev/null
	wait "$driver_pid"
	status=$?
	driver_pid=
	cat "$dir/driver.err" >&2
	delivered=-1 received=-1 bad=-1 refused=-1 sleeps=-1 leaked=-1 mpps=
	eval "$(tail -n 1 "$dir/driver.out" | grep '^delivered=')"
}

# A guest: testpmd fed through a pipe. Its counts come from its last statistics.
guest_start() { # VDEV-OPTIONS TESTPMD-OPTIONS...
	options=$1
	shift
	rm -f "$dir/guest.in"
	mkfifo "$dir/guest.in"
	dpdk-testpmd --no-huge --no-shconf --no-pci --no-telemetry -m 256 --log-level=error \
		--lcores '0@0,1@0' --vdev="net_virtio_user0,path=$sock$options" \
		-- -i --total-num-mbufs=8192 "$@" <"$dir/guest.in" >"$dir/guest.out" 2>&1 &
	guest_pid=$!
	exec 9>"$dir/guest.in"
	until_true 20 grep -q "testpmd>" "$dir/guest.out"
}

guest() { echo "$*" >&9; }

# Whether the guest, which is slower than we are, has received so many.
guest_has() { # FRAMES
	guest show port stats 0
	sleep 0.1
	grep -q "RX-packets: $1 " "$dir/guest.out"
}

guest_end() { # stops, lets both sides drain, and reads guest_rx and guest_tx
	guest stop
	sleep 0.7
	guest show port stats 0
	guest quit
	exec 9>&-
	wait "$guest_pid" 2>/dev/null
	guest_pid=
	guest_rx=$(sed -n 's/.*RX-packets: *\([0-9]*\) *RX-missed.*/\1/p' "$dir/guest.out" | tail -n 1)
	guest_tx=$(sed -n 's/.*TX-packets: *\([0-9]*\) *TX-errors.*/\1/p' "$dir/guest.out" | tail -n 1)
	guest_rx=${guest_rx:--2} guest_tx=${guest_tx:--2}
}

# Whether the guest has sent more than so many.
guest_has_sent() { # FRAMES
	guest show port stats 0
	sleep 0.1
	[ "$(sed -n 's/.*TX-packets: *\([0-9]*\) .*/\1/p' "$dir/guest.out" | tail -n 1)" -gt "$1" ]
}

guest_kill() {
	kill -9 "$guest_pid"
	wait "$guest_pid" 2>/dev/null
	guest_pid=
	exec 9>&-
}

ups() { grep -c '^up$' "$dir/driver.out"; }
ups_are() { [ "$(ups)" -ge "$1" ]; }
downs_are() { [ "$(grep -c '^down$' "$dir/driver.out")" -ge "$1" ]; }

guest_sends() { # NAME WISHES... : every frame that the guest sent is received
	name=$1
	shift
	driver_start "vhost-user:$sock" "$@"
	guest_start "" --forward-mode=txonly
	guest start
	sleep 1.5
	guest_end
	driver_end
	verdict "$name" "$guest_tx" -gt 1000 -a "$received" -eq "$guest_tx" -a "$bad" -eq 0 \
		-a "$leaked" -eq 0 -a $status -eq 0
	echo "# guest to us: $mpps Mpps (rough), $sleeps sleeps"
}

guest_receives() { # NAME WISHES...
	name=$1
	shift
	driver_start "vhost-user:$sock" count=2000000 "$@"
	guest_start "" --forward-mode=rxonly
	guest start
	until_true 20 grep -q '^all$' "$dir/driver.out"
	until_true 20 guest_has 2000000
	guest_end
	driver_end
	verdict "$name" "$delivered" -eq 2000000 -a "$guest_rx" -eq 2000000 -a "$leaked" -eq 0
	echo "# us to guest: $mpps Mpps (rough), $sleeps sleeps"
}

there_and_back() {
	driver_start "vhost-user:$sock" count=20000 length=1500 sleep
	guest_start "" --forward-mode=io
	guest start
	sleep 1.5
	guest_end
	driver_end
	verdict there_and_back "$delivered" -eq 20000 -a "$guest_rx" -eq 20000 \
		-a "$received" -eq "$guest_tx" -a "$guest_tx" -gt 0
}

reconnect() {
	sum=0
	driver_start "vhost-user:$sock" sleep
	for round in 1 2 3; do
		guest_start "" --forward-mode=txonly
		guest start
		sleep 0.5
		guest_end
		sum=$((sum + guest_tx))
		until_true 5 downs_are $round
	done
	n=$(ups)
	driver_end
	verdict a_guest_leaves_and_comes_again "$n" -eq 3 -a "$received" -eq $sum -a "$leaked" -eq 0
	verdict our_socket_is_removed_at_close ! -e "$sock"
}

killed() {
	driver_start "vhost-user:$sock" count=100000000 echo
	for round in 1 2 3 4 5; do
		guest_start "" --forward-mode=io
		guest start tx_first 64
		until_true 10 ups_are $round
		sleep 0.4
		guest_kill
		until_true 5 downs_are $round
	done
	n=$(ups)
	driver_end
	verdict a_killed_guest_does_not_hurt_us "$n" -eq 5 -a $status -eq 0 -a "$leaked" -eq 0 \
		-a "$received" -gt 0
}

two_queues() {
	driver_start "vhost-user:$sock" sleep
	guest_start ",queues=2" --forward-mode=txonly --rxq=2 --txq=2 --nb-cores=1
	guest start
	sleep 1
	guest_end
	driver_end
	verdict both_queue_pairs_of_a_guest_are_served "$guest_tx" -gt 1000 \
		-a "$received" -eq "$guest_tx"
}

bad_frames() { # NAME LENGTHS
	driver_start "vhost-user:$sock"
	guest_start "" --forward-mode=txonly --mbuf-size=4096
	guest set txpkts "$2"
	guest start
	until_true 20 guest_has_sent 100
	guest_end
	driver_end
	verdict "$1" "$guest_tx" -gt 100 -a "$received" -eq 0 -a "$bad" -eq "$guest_tx" \
		-a "$leaked" -eq 0
}

unfit_frames() {
	driver_start "vhost-user:$sock" mtu=9000 length=5000 count=10000
	guest_start ",mrg_rxbuf=0" --forward-mode=rxonly
	guest start
	until_true 20 grep -q '^all$' "$dir/driver.out"
	guest_end
	driver_end
	verdict a_frame_that_never_fits_does_not_stop_the_port "$delivered" -eq 10000 \
		-a "$refused" -eq 10000 -a "$guest_rx" -eq 0
}

we_connect() {
	driver_start "vhost-user-client:$sock" sleep
	sum=0
	for round in 1 2; do
		rm -f "$sock"
		guest_start ",server=1" --forward-mode=txonly
		until_true 5 ups_are $round
		guest start
		sleep 0.5
		guest_end
		sum=$((sum + guest_tx))
		until_true 5 downs_are $round
	done
	driver_end
	verdict we_connect_and_reconnect "$received" -eq $sum -a $sum -gt 0 -a "$leaked" -eq 0
}

# Sets kernel_rx and kernel_tx, frames through vt0; whether they are at least so many.
tap_counts() { # RX TX
	least_rx=$1 least_tx=$2
	set -- $(sed -n 's/^ *vt0: *//p' /proc/net/dev)
	kernel_rx=$2 kernel_tx=${10}
	[ "$kernel_rx" -ge "$least_rx" ] && [ "$kernel_tx" -ge "$least_tx" ]
}

# Runs again in its own network namespace, which ends with it.
tap_inside() {
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	driver_start tap:vt0 count=500 length=100 sleep
	until_true 5 grep -q '^up$' "$dir/driver.out"
	ip addr add 10.9.9.1/24 dev vt0
	ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev vt0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		/usr/bin/python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x" * 1472, ("10.9.9.2", 9))'
	done
	until_true 20 tap_counts 500 10
	ip link set vt0 down
	until_true 3 downs_are 1
	ip link set vt0 up
	until_true 3 ups_are 2
	n=$(ups)
	ip link del vt0
	until_true 3 downs_are 2
	driver_end
	verdict a_tap_carries_frames_both_ways "$kernel_rx" -eq 500 -a "$delivered" -eq 500 \
		-a "$received" -eq 10 -a "$kernel_tx" -eq 10 -a "$leaked" -eq 0
	verdict a_tap_goes_down_up_and_away "$n" -eq 2 -a $status -eq 0 -a "$sleeps" -lt 200
}

if [ "${2:-}" = inside-namespace ]; then
	tap_inside
	exit $failed
fi

guests() { # MODE: each case with librte_vhost at the rings, or us
	echo "# ${1:-by librte_vhost}"
	direct=$1
	guest_sends what_the_guest_sends_arrives
	guest_sends what_the_guest_sends_arrives_at_a_worker_that_sleeps sleep
	guest_receives the_guest_gets_what_we_deliver
	guest_receives the_guest_gets_what_we_deliver_from_a_worker_that_sleeps sleep
	there_and_back
	reconnect
	killed
	two_queues
	bad_frames frames_beyond_the_mtu_are_counted 1600
	bad_frames frames_beyond_a_buffer_are_counted 1500,1500
	unfit_frames
	we_connect
}

guests ""
guests direct
direct=
if unshare -n true 2>/dev/null; then
	unshare -n "$0" "$driver" inside-namespace || failed=1
else
	echo "skipped a_tap: needs root"
fi
exit $failed
