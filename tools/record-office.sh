#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# record-office.sh: record the example traffic of a small office from real programs.
#
#	outside ----- wire (802.1Q tags) ----- host --+-- web	VLAN 10
#	router, web, DNS, DHCP	  ^		      +-- db	VLAN 20, two MAC addresses
#				  |		      +-- mail	untagged
#			    office.pcap		  *-sends.pcap: what each of them sent
#
# Each name is a network namespace. They live below one unshare(1) with its own processes and mounts: when the script
# ends, for whatever reason, the kernel takes back all of it, and nothing of it was ever visible outside.
# The host has one Linux bridge per VLAN; vlan-tag.bpf.c, beside this script, puts the tags on and takes them off,
# so that no kernel module is needed. office-traffic.sh says who talks to whom. All offloads are off: the captures hold frames as they stand on a wire.

set -euo pipefail

readonly VMS="web db mail"
readonly WIRE_INDEX=100		# WIRE and PORT_BASE of vlan-tag.bpf.c
readonly PORT_BASE=1000
readonly ROUTER_MAC=52:54:00:00:01:00
readonly WEB_MAC=52:54:00:00:00:11
readonly DB_MAC=52:54:00:00:00:21
readonly DB2_MAC=52:54:00:00:00:22
readonly MAIL_MAC=52:54:00:00:00:31
readonly GONE_MAC=52:54:00:00:00:99	# a VM that the router remembers and nobody has
readonly SETTLE=3			# seconds until duplicate address detection and first MLD reports are over

usage()
{
	cat <<-END
	usage: record-office.sh [DIRECTORY]
	       record-office.sh --help

	Makes an office of five network namespaces (outside, host, web, db, mail),
	lets real programs talk between them for about a minute, and writes
	to DIRECTORY (default: examples, beside the folder of this script):

	  office.pcap      all that came in from outside on the host's uplink
	  web-sends.pcap   all that VM web sent, and so on for db and mail
	  db-sends.pcap
	  mail-sends.pcap

	The kinds of frames and their order are the same in every run; times, ports
	and the exact number of frames are not: count-office.sh counts them.

	Recording needs root. Exit status: 0 done, 1 failed, 2 wrong usage.
	END
}

die()
{
	echo "record-office.sh: $*" >&2
	exit 1
}

wrong_usage()
{
	echo "record-office.sh: $*; try --help" >&2
	exit 2
}

# --- outside the private namespaces: check, start, tidy up ---

# need COMMAND PACKAGE: remember the package of a command that is not there.
need()
{
	command -v "$1" >/dev/null || missing+=("$2")
}

check_machine()
{
	missing=()
	need unshare util-linux
	need ip iproute2
	need ethtool ethtool
	need clang clang
	need tcpdump tcpdump
	need iperf3 iperf3
	need nginx nginx-light
	need curl curl
	need dnsmasq dnsmasq-base
	need dig bind9-dnsutils
	need ping iputils-ping
	need arping iputils-arping
	need ndisc6 ndisc6
	need busybox busybox
	need socat socat
	[ -e /usr/include/linux/bpf.h ] || missing+=(linux-libc-dev)
	[ ${#missing[@]} -eq 0 ] || die "packages are missing; install: ${missing[*]}"
	arping -V | grep -q iputils || die "arping is not the one of iputils; install: iputils-arping"
	[ "$(id -u)" -eq 0 ] || die "namespaces and captures need root; run it as root"
}

# The first process of the lab is the child of unshare, which itself is deaf to signals. When that one dies the kernel
# ends all others, and unshare returns only after the last of them: nothing can write to the work directory any more.
tidy_up()
{
	local first=

	if [ -n "$lab_pid" ]; then
		read -r first _ 2>/dev/null <"/proc/$lab_pid/task/$lab_pid/children" || true
		kill -KILL "${first:-$lab_pid}" 2>/dev/null || true
		wait "$lab_pid" 2>/dev/null || true
	fi
	rm -rf "$work"
}

# The lab has a session of its own, so that Ctrl-C reaches this process only, and dies with this process in any case.
# The captures reach DIRECTORY only when all of them are complete.
record()
{
	local status=0

	check_machine
	[ -d "$1" ] || die "no such directory: $1"
	work=$(mktemp -d)
	lab_pid=
	trap tidy_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	clang -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$here/vlan-tag.bpf.c" -o "$work/vlan-tag.o" ||
		die "cannot compile vlan-tag.bpf.c; see the message above"
	RECORD_OFFICE_LAB=$work setpriv --pdeathsig KILL setsid \
		unshare --net --mount --pid --mount-proc --fork --kill-child \
		"$BASH" "$here/record-office.sh" 3>&2 2>"$work/unshare.log" &
	lab_pid=$!
	wait "$lab_pid" || status=$?
	lab_pid=
	[ "$status" -eq 0 ] || die "the recording failed; $1 is as it was. $(cat "$work/unshare.log")"
	cp "$work"/*.pcap "$1/"
}

# --- inside: the office ---

# on NAME COMMAND...: run a command in the namespace NAME.
on()
{
	nsenter -t "${pid_of[$1]}" -n "${@:2}"
}

# try NAME COMMAND...: the same, where no answer is a good result, too. No program waits for more than 10 seconds.
try()
{
	on "$1" timeout 10 "${@:2}" >>"$work/log" 2>&1 || true
}

# must NAME COMMAND...: the same, where failure means that the recording is not worth keeping.
must()
{
	on "$1" timeout 20 "${@:2}" >>"$work/log" 2>&1 || { tail -5 "$work/log" >&2; die "failed on $1: ${*:2}"; }
}

# serve NAME COMMAND...: start a server, which lives until the office goes.
serve()
{
	on "$1" "${@:2}" >>"$work/log" 2>&1 &
}

# A sleeping process holds a namespace. Whatever appears in it is silent until told otherwise: no IPv6, no bad surprise.
namespace_new()
{
	unshare --net sleep infinity &
	pid_of[$1]=$!
	until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.01
	done
	on "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0 net.ipv4.ping_group_range='0 0'
	on "$1" ip link set lo up
}

# link_up NAME INTERFACE: bring it up with every offload off that would join, split or leave frames unfinished.
link_up()
{
	on "$1" ethtool -K "$2" tx off rx off sg off tso off gso off gro off >/dev/null
	on "$1" ip link set "$2" up
}

# trunk NAME VLAN...: tag<VLAN> are the access ports beside the wire; vlan<VLAN> are their far ends, for addresses or bridges.
trunk()
{
	local name=$1 vlan port

	shift
	for port in wire "${@/#/tag}"; do
		if [ "$port" != wire ]; then
			vlan=${port#tag}
			on "$name" ip link add index $((PORT_BASE + vlan)) name "$port" type veth peer name "vlan$vlan"
		fi
		link_up "$name" "$port"
		on "$name" tc qdisc add dev "$port" clsact
		on "$name" tc filter add dev "$port" ingress bpf direct-action object-file "$work/vlan-tag.o" section tc
	done
}

# addresses NAME INTERFACE MAC IPV4 [IPV6]
addresses()
{
	on "$1" ip link set "$2" address "$3"
	on "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0"
	on "$1" ip address add "$4/24" broadcast + dev "$2"
	[ -z "${5-}" ] || on "$1" ip -6 address add "$5/64" dev "$2"
	link_up "$1" "$2"
}

outside_build()
{
	local vlan

	on outside ip link add index $WIRE_INDEX name wire type veth peer index $WIRE_INDEX name wire \
		netns "${pid_of[host]}"
	trunk outside 0 10 20 30
	on outside sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0
	addresses outside vlan0 $ROUTER_MAC 10.0.0.1 fd00::1
	for vlan in 10 20 30; do
		addresses outside "vlan$vlan" $ROUTER_MAC "10.$vlan.0.1" "fd00:$vlan::1"
	done
}

host_build()
{
	local vlan

	trunk host 0 10 20
	for vlan in 0 10 20; do
		on host ip link add "br$vlan" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
		on host ip link set "vlan$vlan" master "br$vlan"
		link_up host "vlan$vlan"
		on host ip link set "br$vlan" up
	done
}

# plug VM VLAN: a cable from the VM's eth0 to the bridge of its VLAN.
plug()
{
	on "$1" ip link add eth0 type veth peer name "vm-$1" netns "${pid_of[host]}"
	on host ip link set "vm-$1" master "br$2"
	link_up host "vm-$1"
}

vms_plug()
{
	plug web 10
	plug db 20
	plug mail 0
}

# The second address of db is a macvlan device on the first. Each answers for itself only and sends by itself only.
vms_start()
{
	addresses web eth0 $WEB_MAC 10.10.0.11 fd00:10::11
	on web ip route add default via 10.10.0.1
	on web ip -6 route add default via fd00:10::1

	on db sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	addresses db eth0 $DB_MAC 10.20.0.21 fd00:20::21
	on db ip link add eth1 link eth0 type macvlan mode bridge
	addresses db eth1 $DB2_MAC 10.20.0.22
	on db ip rule add from 10.20.0.22 lookup 22
	on db ip route add 10.20.0.0/24 dev eth1 src 10.20.0.22 table 22
	on db ip route add default via 10.20.0.1 dev eth1 table 22
	on db ip route add default via 10.20.0.1 dev eth0

	addresses mail eth0 $MAIL_MAC 10.0.0.31 fd00::31
	on mail ip route add default via 10.0.0.1
	on mail ip -6 route add default via fd00::1
}

# capture FILE INTERFACE: what comes in to the host there. Returns when tcpdump listens. nsenter becomes tcpdump, whose
# process id the end needs; a function in the background would be a shell of its own.
capture()
{
	nsenter -t "${pid_of[host]}" -n \
		tcpdump -i "$2" -Q in -s 0 -B 16384 -U -Z root -w "$work/$1" 2>"$work/$1.log" &
	captures+=($!)
	until grep -qs 'listening on' "$work/$1.log"; do
		kill -0 $! 2>/dev/null || die "no capture on $2: $(tail -1 "$work/$1.log")"
		sleep 0.05
	done
}

captures_start()
{
	local vm

	captures=()
	capture office.pcap wire
	for vm in $VMS; do
		capture "$vm-sends.pcap" "vm-$vm"
	done
}

captures_stop()
{
	local log pid

	sleep 1
	for pid in "${captures[@]}"; do
		kill "$pid"
		wait "$pid" || true
	done
	for log in "$work"/*.pcap.log; do
		grep -q '^0 packets dropped by kernel' "$log" || die "no complete capture (${log##*/}): $(tail -1 "$log"); run it again"
	done
}

# --- the recording ---

office()
{
	declare -gA pid_of=()
	local name kind

	work=$RECORD_OFFICE_LAB
	for name in outside host $VMS; do
		namespace_new "$name"
	done
	outside_build
	host_build
	vms_plug
	captures_start
	vms_start
	sleep $SETTLE
	servers_start
	for kind in $TRAFFIC; do
		echo "recording: $kind"
		"traffic_$kind"
	done
	captures_stop
}

# --- start ---

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=office-traffic.sh
. "$here/office-traffic.sh"

if [ -n "${RECORD_OFFICE_LAB-}" ]; then
	exec 2>&3 3>&-	# standard error so far was for unshare, which complains when it is stopped
	office
	exit 0
fi

case "${1-}" in
-h | --help)
	usage
	exit 0
	;;
-*)
	wrong_usage "unknown option: $1"
	;;
esac
[ $# -le 1 ] || wrong_usage "more than one directory"
record "${1-$here/../examples}"
