#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmq device against a running host: what a program does with a driver's device, from
# outside. The devices are those of tests/drivers.

load helpers

query_count=0x122400   # IOCTL_COUNT_QUERY, IOCTL_ECHO_QUERY
query_echo=0x122404

setup_file() {
	local name
	for name in wire count echo; do
		"$BATS_TEST_DIRNAME/../../tools/vmq-cc" -o "$BATS_FILE_TMPDIR/$name.so" \
			"$BATS_TEST_DIRNAME/../drivers/$name"/*.c \
			-DNDIS_WDM=1 -DNDIS630=1 -DNDIS630_MINIPORT=1 || return
	done
}

setup() {
	office_setup
	drivers=$BATS_FILE_TMPDIR
	socket=$PWD/c.sock
}

teardown() { office_teardown; }

# Two adapters of the wire: 'two' plays frames for the echo protocol to 'one', where the
# filter counts them. Nothing ends the run by itself: start
start() {
	capture echo.pcap <<-END
		10 x 02:00:00:00:00:01 02:00:00:00:00:77 60 type=88b5
		5 x all 02:00:00:00:00:77 60 type=88b5
	END
	printf '%s\n' "adapters:" "- name: one" "  driver: $drivers/wire.so" \
		"  keywords: {WireName: a, NetworkAddress: '02-00-00-00-00-01'}" \
		"  filters: [{driver: $drivers/count.so}]" "  protocols: [{driver: $drivers/echo.so}]" \
		"- name: two" "  driver: $drivers/wire.so" "  keywords: {WireName: a}" \
		"  play: echo.pcap" \
		"- name: three" "  nic: pcap-loop:office.pcap" "  switch: true" >host.yaml
	"$vmq" run --quiet --json --control "$socket" host.yaml >result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
}

stop() {
	status=0
	kill -TERM "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	is "$status" 0 "the daemon's status" || { cat errors.txt; return 1; }
	is "$(cat errors.txt)" ""
}

# vmq device, which must succeed: device COMMAND...
device() {
	try "$vmq" device "$@" --socket "$socket"
	is "$status" 0 status || { echo "$stderr"; return 1; }
	is "$stderr" "" "standard error"
}

# ... or fail in one line with each TEXT: refused STATUS TEXT... -- COMMAND...
refused() {
	local texts=()
	while [ "$1" != -- ]; do texts+=("$1"); shift; done
	shift
	try "$vmq" device "$@" --socket "$socket"
	one_error 1 "${texts[@]}"
	is "$output" "" "standard output"
}

# The numbers of 64 bits that a device control answers: numbers DEVICE CODE
numbers() {
	device ioctl "$1" "$2"
	python3 -c 'import struct, sys
b = bytes.fromhex(sys.argv[1])
print(*struct.unpack("<%dQ" % (len(b) // 8), b))' "$output"
}

# Until the command prints that: eventually VALUE COMMAND...
eventually() {
	local i got
	for i in $(seq 100); do
		got=$("${@:2}")
		[ "$got" != "$1" ] || return 0
		sleep 0.05
	done
	is "$got" "$1" "${*:2}"
}

@test "vmq device alone and with --help: its commands, with examples" {
	try "$vmq" device
	is "$status" 2
	[[ $stderr == "Usage: vmq device COMMAND"*"Examples:"* ]]
	try "$vmq" device --help
	is "$status" 0
	[[ $output == "Usage: vmq device COMMAND"* ]]
	for command in list open read write ioctl close; do
		try "$vmq" device $command --help
		is "$status" 0
		[[ $output == "Usage: vmq device $command "*"Example:"*"vmq device $command"* ]]
	done
}

# wrong TEXT COMMAND...
wrong() {
	try "$vmq" device "${@:2}"
	is "$status" 2
	is "${stderr_lines[0]}" "vmq device${2:+ }$1"
}

@test "vmq device: wrong command lines" {
	try "$vmq" device nonsense
	is "$status" 2
	is "${stderr_lines[0]}" "vmq: device has no command 'nonsense'"
	wrong "write: write needs FILE DATA" write 1
	wrong "list: 'x' is too much: list takes no arguments" list x
	wrong "read: the file 'x' is no number from 0 to 4294967295" read x
	wrong "ioctl: the code '-1' is no number from 0 to 4294967295" ioctl 1 -- -1
	wrong "ioctl: the code '0x100000000' is no number from 0 to 4294967295" ioctl 1 0x100000000
	wrong "write: the data must be hexadecimal, two digits a byte, or - for standard input" write 1 abc
	wrong "close: --room has no meaning for close" close 1 --room 3
	wrong "read: the room '30001' is no number from 0 to 30000" read 1 --room 30001
	wrong "read: the timeout '10001' is no number from 0 to 10000" read 1 --timeout 10001
}

@test "the devices of drivers, their links, and what their controls answer" {
	start
	device list
	[[ $output == *"\\Device\\OvmqEcho "*" 0 open"* ]]
	[[ $output == *"\\DosDevices\\OvmqEcho "*"-> \\Device\\OvmqEcho"* ]]
	[[ $output == *"\\Device\\OvmqCount "*" 0 open"* ]]
	# bindings, received, echoed, failed
	eventually "1 15 15 0" numbers '\\.\OvmqEcho' $query_echo
	# modules; frames and bytes sent, and received; lists completed, and returned
	eventually "1 15 900 15 900 15 15" numbers '\Device\ovmqcount' $query_count
	device ioctl '\??\OvmqCount' $((query_count)) --raw --room 56
	stop
}

@test "a file: opened, used, closed, and meanwhile its driver stays" {
	start
	device open '\\.\OvmqEcho'
	is "$output" 1
	device open '\\.\OvmqCount'
	is "$output" 2
	device list
	[[ $output == *"\\Device\\OvmqEcho "*" 1 open"* ]]
	numbers 2 $query_count
	try "$vmq" driver unbind echo --socket "$socket"
	is "$status" 0
	try "$vmq" driver unload echo --socket "$socket"
	one_error 1 "driver echo is in use: a file is open on its device; close it first"
	device close 1
	refused "file 1 is not open" -- close 1
	refused "file 1 is not open" -- ioctl 1 $query_echo
	try "$vmq" driver unload echo --socket "$socket"
	is "$status" 0 || { echo "$stderr"; return 1; }
	refused "there is no device of that name" -- open '\\.\OvmqEcho'
	device open '\\.\OvmqCount'
	is "$output" 1
	# Two are open at the end: the daemon closes them before the drivers go.
	stop
}

@test "what a driver refuses: its status, and 1" {
	start
	# Neither driver has a routine for reading and writing.
	refused "the driver answers 0xc0000010" -- read '\\.\OvmqEcho'
	refused "the driver answers 0xc0000010" -- write '\\.\OvmqEcho' 0011
	refused "the driver answers 0xc0000010" -- write '\\.\OvmqCount' -
	refused "the driver answers 0xc0000010" -- ioctl '\\.\OvmqEcho' 0x12240c
	refused "the driver answers 0xc0000023" -- ioctl '\\.\OvmqEcho' $query_echo --room 8
	refused "there is no device of that name" -- read '\\.\Nothing'
	device ioctl '\\.\OvmqEcho' $query_echo --room 8 --json
	is "$(jq -c . <<<"$output")" '{"status":"0xc0000023","information":0,"data":""}'
	stop
}

@test "clients: wrong numbers and bytes, and no more than 16 files" {
	start
	# What the daemon says to each parameter list of METHOD: says METHOD PARAMS
	says() {
		timeout 20 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(15)
s.connect(sys.argv[1])
s.sendall(("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n" % tuple(sys.argv[2:])).encode())
print(s.makefile().readline(), end="")' "$socket" "$@" | jq -c '.error.code // .result'
	}
	is "$(says device.open '{"device":"\\\\.\\OvmqEcho"}')" '{"file":1}'
	is "$(says device.read '{"file":1,"room":30001}')" -32602
	is "$(says device.read '{"file":1,"room":-1}')" -32602
	is "$(says device.read '{"file":1,"room":1.5}')" -32602
	is "$(says device.read '{"file":4294967296,"room":1}')" -32602
	is "$(says device.read '{"file":0,"room":1}')" -32001
	is "$(says device.read '{"file":17,"room":1}')" -32001
	is "$(says device.read '{"file":1,"room":1,"timeout":10001}')" -32602
	is "$(says device.write '{"file":1,"data":"0"}')" -32602
	is "$(says device.write '{"file":1,"data":"0g"}')" -32602
	is "$(says device.write "{\"file\":1,\"data\":\"$(printf '%060002d' 0)\"}")" -32602
	is "$(says device.write '{"file":1,"data":""}' | jq -r .status)" 0xc0000010
	is "$(says device.open "{\"device\":\"\\\\\\\\$(printf '%0300d' 0)\"}")" -32602
	is "$(says device.open '{"device":"x"}')" -32001
	for i in $(seq 2 16); do
		is "$(says device.open '{"device":"\\\\.\\OvmqEcho"}')" "{\"file\":$i}"
	done
	is "$(says device.open '{"device":"\\\\.\\OvmqEcho"}')" -32004
	stop
}
