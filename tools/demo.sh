#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tools/demo.sh [BUILD]: two QEMU guests, each with a queue of its own.
#
#   namespace "outside"                 namespace "host"
#   HTTP server, 10.10.0.1 --- veth --- vmq ---- vm1 10.10.0.11
#   (tagged as VLAN 10)                     \--- vm2 10.10.0.12
#
# Boots the guests, lets outside and guests ping each other and vm1 fetch a file,
# then stops everything and looks at vmq's table. Ends by itself within 90
# seconds (the first run also downloads the guest's kernel): status 0 when all
# of it worked, 1 with the reason otherwise. Everything is removed again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../build}
vmq=$build/src/cli/vmq
guest_dir=$build/guest

time_limit=70                  # seconds for the run, without the clean-up
vlan=10
wire_index=100                 # WIRE and PORT_BASE of vlan-tag.bpf.c
port_index_base=1000
outside_ip=10.10.0.1
http_port=8080
file_bytes=16777216
declare -A vm_ip=([vm1]=10.10.0.11 [vm2]=10.10.0.12)
declare -A vm_mac=([vm1]=52:54:00:00:01:01 [vm2]=52:54:00:00:01:02)
declare -A vm_processor=([vm1]=1 [vm2]=2)
vms="vm1 vm2"

outside=vmq-outside-$$
host=vmq-host-$$
work=
vmq_pid=
http_pid=
declare -A guest_pid=() guest_console=()

# ---- saying, waiting, stopping ----------------------------------------------

say() { printf '%3ds  %s\n' "$SECONDS" "$*"; }

fail()
{
	local log

	echo "demo: $*" >&2
	if alive "$vmq_pid"; then
		stop "$vmq_pid" INT 5 || true
		echo "---- vmq's table:" >&2
		jq -c '.vms[], .wire, .ports' "$work/table.json" >&2 || true
	fi
	for log in "$work"/*.log; do
		if [ -z "$work" ] || [ ! -s "$log" ]; then continue; fi
		echo "---- the end of ${log##*/}:" >&2
		tail -n 12 "$log" >&2
	done
	exit 1
}

alive() { [ -n "$1" ] && kill -0 "$1" 2> /dev/null; }

# wait_until SECONDS COMMAND...: 0 once the command succeeds, 1 when time is up.
wait_until()
{
	local end=$((SECONDS + $1))

	shift
	[ $end -le $time_limit ] || end=$time_limit
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

gone() { ! alive "$1"; }

# stop PID SIGNAL SECONDS: 0 when it ended by that signal in time.
stop()
{
	local in_time=0 tries=$(($3 * 5))

	alive "$1" || return 0
	kill -s "$2" "$1" 2> /dev/null || true
	while alive "$1" && [ $tries -gt 0 ]; do
		sleep 0.2
		tries=$((tries - 1))
	done
	if alive "$1"; then
		in_time=1
		kill -s KILL "$1" 2> /dev/null || true
	fi
	wait "$1" 2> /dev/null || true
	return $in_time
}

clean_up()
{
	local vm namespace

	trap '' INT TERM HUP
	for vm in "${!guest_pid[@]}"; do
		stop "${guest_pid[$vm]}" TERM 2 || true
	done
	stop "$vmq_pid" INT 5 || true
	stop "$http_pid" TERM 2 || true
	for namespace in "$outside" "$host"; do
		[ -e "/run/netns/$namespace" ] || continue
		# The HTTP server has a process for each connection.
		ip netns pids "$namespace" | xargs -r kill -s KILL 2> /dev/null || true
		ip netns del "$namespace"
	done
	[ -z "$work" ] || rm -rf "$work"
}

# ---- the parts --------------------------------------------------------------

need()
{
	command -v "$1" > /dev/null || fail "$1 is not installed: install the package $2"
}

check_machine()
{
	[ "$(id -u)" = 0 ] || fail "network namespaces and AF_XDP need root: run it as root"
	[ -x "$vmq" ] || fail "there is no program $vmq: build it first"
	need qemu-system-x86_64 qemu-system-x86
	need busybox busybox-static
	need cpio cpio
	need ip iproute2
	need tc iproute2
	need ethtool ethtool
	need clang clang
	need jq jq
	[ -e /usr/include/linux/bpf.h ] || fail "no BPF headers: install the package linux-libc-dev"
}

in_outside() { ip netns exec "$outside" "$@"; }

# The kernel may lack vlan devices: a BPF classifier joins outside's own interface
# to the wire and tags what it sends. It knows wire and port by their numbers.
make_network()
{
	local object=$work/vlan-tag.o interface

	clang -O2 -target bpf "-I/usr/include/$(uname -m)-linux-gnu" \
		-c "$here/vlan-tag.bpf.c" -o "$object" || fail "cannot compile vlan-tag.bpf.c"
	ip netns add "$outside"
	ip netns add "$host"
	# Outside and host send only what this demonstration asks them to.
	in_outside sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip netns exec "$host" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	# AF_XDP wants as many receive queues here as the other end has transmit queues.
	ip -n "$outside" link add wire index $wire_index numrxqueues 1 numtxqueues 1 type veth \
		peer name uplink netns "$host" numrxqueues 1 numtxqueues 1
	ip -n "$outside" link add port index $((port_index_base + vlan)) type veth peer name eth0
	for interface in wire port eth0; do
		# A veth leaves checksums, segments and tags to hardware that is not there.
		in_outside ethtool -K $interface tx off tso off gso off gro off txvlan off > /dev/null
		ip -n "$outside" link set $interface up
	done
	for interface in wire port; do
		in_outside tc qdisc add dev $interface clsact
		in_outside tc filter add dev $interface ingress \
			bpf direct-action object-file "$object" section tc
	done
	ip -n "$outside" addr add $outside_ip/24 dev eth0
	ip -n "$host" link set uplink up
}

# write_config NIC: the file that vmq runs.
write_config()
{
	local vm

	cat <<-END
	host:
	  processors: 3
	  workers: 2
	adapter:
	  nic: $1
	  queues: 4
	vms:
	END
	for vm in $vms; do
		cat <<-END
		  - name: $vm
		    mac: ${vm_mac[$vm]}
		    vlan: $vlan
		    processor: ${vm_processor[$vm]}
		    port: vhost-user:$work/$vm.sock
		END
	done
}

sockets_or_end()
{
	{ [ -S "$work/vm1.sock" ] && [ -S "$work/vm2.sock" ]; } || gone "$vmq_pid"
}

# start_vmq NIC: 0 when it serves both sockets, 1 when it ended instead.
start_vmq()
{
	write_config "$1" > "$work/demo.yaml"
	rm -f "$work"/vm?.sock
	# A background command of a script ignores SIGINT; this one must hear it.
	ip netns exec "$host" env --default-signal=INT \
		"$vmq" run "$work/demo.yaml" --json > "$work/table.json" 2> "$work/vmq.log" &
	vmq_pid=$!
	wait_until 15 sockets_or_end || fail "vmq did not open its sockets within 15 s"
	alive "$vmq_pid"
}

start_vmq_on_any_nic()
{
	if start_vmq xdp:uplink; then
		say "vmq runs on the uplink by AF_XDP; vm1 and vm2 have VLAN $vlan"
		return
	fi
	grep -qi xdp "$work/vmq.log" || fail "vmq did not start"
	say "no AF_XDP here ($(grep -i xdp "$work/vmq.log" | head -n 1))"
	start_vmq packet:uplink || fail "vmq did not start"
	say "vmq runs on the uplink by AF_PACKET; vm1 and vm2 have VLAN $vlan"
}

start_http()
{
	mkdir "$work/www"
	head -c $file_bytes /dev/urandom > "$work/www/file"
	# Not by in_outside: $! would be a shell around the server.
	ip netns exec "$outside" busybox httpd -f -p $outside_ip:$http_port -h "$work/www" &
	http_pid=$!
}

# start_guest VM KERNEL-PARAMETERS: its console is VM.log, and what is written to
# guest_console[VM] is read there.
start_guest()
{
	local vm=$1 fd

	mkfifo "$work/$vm.fifo"
	exec {fd}<> "$work/$vm.fifo"
	guest_console[$vm]=$fd
	# vectors=0: QEMU 7.2 with TCG crashes when a vhost-user device has MSI-X.
	qemu-system-x86_64 -accel tcg -cpu max -m 256 -display none -monitor none \
		-serial stdio -no-reboot -net none \
		-kernel "$guest_dir/vmlinuz" -initrd "$guest_dir/initramfs.gz" \
		-append "console=ttyS0 quiet panic=1 ipv6.disable=1 vm.ip=${vm_ip[$vm]}/24 $2" \
		-object memory-backend-memfd,id=mem,size=256M,share=on -numa node,memdev=mem \
		-chardev "socket,id=c0,path=$work/$vm.sock" \
		-netdev vhost-user,id=n0,chardev=c0,queues=1 \
		-device "virtio-net-pci,netdev=n0,mac=${vm_mac[$vm]},vectors=0" \
		<&"$fd" > "$work/$vm.log" 2>&1 &
	guest_pid[$vm]=$!
}

tell_guest() { echo "$2" >&"${guest_console[$1]}"; }

# guest_said VM PATTERN, and the line itself.
guest_said() { grep -q "^guest: $2" "$work/$1.log"; }
guest_line() { grep "^guest: $2" "$work/$1.log" | tail -n 1; }

guest_said_or_ended() { guest_said "$1" "$2" || gone "${guest_pid[$1]}"; }

# await_guest SECONDS VM PATTERN: shows the line, or fails.
await_guest()
{
	wait_until "$1" guest_said_or_ended "$2" "$3" || fail "$2 did not say '$3' within $1 s"
	guest_said "$2" "$3" || fail "$2 ended early"
	say "$2: $(guest_line "$2" "$3")"
}

expect_guest()
{
	guest_said "$1" "$2" || fail "$1 should have said: guest: $2"
}

ping_from_outside()
{
	local answered

	answered=$(in_outside busybox ping -q -c 5 -i 0.2 -W 2 "${vm_ip[$1]}" |
		sed -n 's/.* \([0-9]*\) packets received.*/\1/p') || true
	say "outside: ping $1 ${answered:-0}/5"
	[ "${answered:-0}" = 5 ] || fail "outside got no answer from $1 to every ping"
}

stop_guests()
{
	local vm

	# No frame from the wire between a guest's last look at its counters and its end.
	ip -n "$outside" link set eth0 down
	for vm in $vms; do
		tell_guest "$vm" poweroff
	done
	for vm in $vms; do
		await_guest 10 "$vm" counters
		wait_until 10 gone "${guest_pid[$vm]}" || fail "$vm does not power off"
	done
}

stop_vmq()
{
	local status=0

	alive "$vmq_pid" || fail "vmq ended before it was told to"
	kill -s INT "$vmq_pid"
	wait_until 10 gone "$vmq_pid" || fail "vmq did not end within 10 s of SIGINT"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	[ $status = 0 ] || fail "vmq ended with status $status"
}

# ---- vmq's table ------------------------------------------------------------

# The only place that knows the names in vmq's JSON: a line a VM of its name, its
# own queue (0: none), the queue's processor, the frames that were indicated on it,
# and those that the VM's port dropped; tab-separated.
table_rows()
{
	jq -r '.vms[] | [.vm, if .own_queue then .queue else 0 end, .processor,
			 .indicated, ([.port_drops[]] | add // 0)] |
		if any(. == null) then error("a VM without \(.)") else @tsv end' \
		"$work/table.json"
}

print_table()
{
	local row='  %-6s %6s %10s %10s %10s\n' vm queue processor indicated dropped

	# shellcheck disable=SC2059 # the format is the variable's whole purpose
	printf "\n$row" VM queue processor indicated dropped
	while IFS=$'\t' read -r vm queue processor indicated dropped; do
		# shellcheck disable=SC2059
		printf "$row" "$vm" "$queue" "$processor" "$indicated" "$dropped"
	done < <(table_rows)
	echo
}

# What the guest itself counted, from "guest: counters rx N tx N ...".
guest_received() { guest_line "$1" counters | sed 's/.* rx \([0-9]*\) .*/\1/'; }

# The guests are the witnesses: what a queue carried and did not drop, its VM has
# received. More than that is somebody else's. vm1 alone fetched the file, so that
# its queue must have carried at least the file's segments, of 1460 bytes at most,
# and vm2 was sent five pings from outside.
check_table()
{
	local vm queue processor indicated dropped others=" "
	local -A at_least=([vm1]=$((file_bytes / 1460)) [vm2]=5)

	[ "$(table_rows | cut -f 1 | sort | xargs)" = "$vms" ] ||
		fail "vmq's table should have the VMs $vms"
	while IFS=$'\t' read -r vm queue processor indicated dropped; do
		[ "$queue" -gt 0 ] || fail "$vm has no queue of its own"
		[[ $others != *" $queue "* ]] || fail "$vm shares queue $queue"
		others+="$queue "
		[ "$processor" = "${vm_processor[$vm]}" ] ||
			fail "$vm should be on processor ${vm_processor[$vm]}, not $processor"
		[ "$indicated" -ge "${at_least[$vm]}" ] ||
			fail "queue $queue carried $indicated frames; ${at_least[$vm]} or more were sent to $vm"
		[ $((indicated - dropped)) -le "$(guest_received "$vm")" ] ||
			fail "queue $queue delivered $((indicated - dropped)) frames; $vm had $(guest_received "$vm")"
	done < <(table_rows)
	say "each VM's frames came in its own queue, none in the other's"
}

# ---- the run ----------------------------------------------------------------

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

check_machine
"$here/guest-image.sh" "$guest_dir"
SECONDS=0
work=$(mktemp -d -t vmq-demo.XXXXXX)

say "making namespaces $outside and $host, joined by a veth"
make_network
start_vmq_on_any_nic
start_http

say "booting vm1 and vm2 (no hardware acceleration: a few seconds)"
sum=$(sha256sum < "$work/www/file")
start_guest vm1 "vm.ping=${vm_ip[vm2]} vm.fetch=http://$outside_ip:$http_port/file vm.sum=${sum%% *}"
start_guest vm2 "vm.ping=${vm_ip[vm1]}"
for vm in $vms; do
	await_guest 30 "$vm" "eth0"
done
for vm in $vms; do
	await_guest 30 "$vm" "ping"
	expect_guest "$vm" "ping .* 5/5"
done
# One thing at a time: the file's burst may push a ping out of a full ring.
for vm in $vms; do
	await_guest 10 "$vm" ready
	ping_from_outside "$vm"
done
say "vm1 fetches a file of $((file_bytes / 1048576)) MB from outside"
tell_guest vm1 fetch
await_guest 40 vm1 "fetch"
expect_guest vm1 "fetch OK"

say "stopping the guests, then vmq"
stop_guests
stop_vmq
print_table
check_table
say "demo: OK"
