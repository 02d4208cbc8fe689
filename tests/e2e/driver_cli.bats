#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmq driver against a running host: drivers come, are bound, and go again, and what
# a user or a hostile client can get wrong is told and harms nobody.

load helpers

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

# The office over and over, with no end of its own, as a daemon: start [OPTION...]
start() {
	office_config -e 's/pcap:office.pcap/pcap-loop:office.pcap/' -e '/out: /d' -e '/sends:/d'
	start_config host.yaml "$@"
}

start_config() {
	# Not even the descriptor that tells bats that a test's processes are gone.
	"$vmq" run --quiet --json --control "$socket" "$@" >result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
}

# The daemon ends when it is told to, with that status: stop [STATUS]
stop() {
	status=0
	kill -TERM "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	is "$status" "${1:-0}" "the daemon's status" || { cat errors.txt; return 1; }
	[ ! -e "$socket" ]
}

# vmq driver, which must succeed: driver COMMAND...
driver() {
	try "$vmq" driver "$@" --socket "$socket"
	is "$status" 0 status || { echo "$stderr"; return 1; }
	is "$stderr" "" "standard error"
}

# ... or must be refused in one line with each TEXT: refused "COMMAND..." TEXT...
refused() {
	try "$vmq" driver $1 --socket "$socket"
	one_error 1 "${@:2}"
	is "$output" "" "standard output"
}

# The places of a driver: uses NAME
uses() {
	"$vmq" driver info "$1" --json --socket "$socket" |
		jq -c '[.uses[] | [.adapter, .name, .state]]'
}

# What a client of the raw socket hears to what it says. A daemon that hangs up on it
# resets the connection, behind which its last words still lie.
ask() {
	timeout 20 python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(15)
s.connect(sys.argv[1])
try:
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
except OSError:
    pass
while True:
    try:
        part = s.recv(65536)
    except ConnectionResetError:
        continue
    if not part:
        break
    sys.stdout.buffer.write(part)' "$socket"
}

# ---- the command line ----

@test "vmq driver alone and with --help: its commands, with examples" {
	try "$vmq" driver
	is "$status" 2
	[[ $stderr == "Usage: vmq driver COMMAND"*"Examples:"* ]]
	try "$vmq" driver --help
	is "$status" 0
	[[ $output == "Usage: vmq driver COMMAND"*"vmq driver bind filter"* ]]
	for command in list info load unload bind unbind pause restart; do
		try "$vmq" driver $command --help
		is "$status" 0
		[[ $output == "Usage: vmq driver $command "* ]]
		[[ $output == *"Example"*"vmq driver $command"* ]]
		[[ $output == *"--socket"*"--json"* || $output == *"--json"*"--socket"* ]]
	done
}

@test "vmq driver: unknown commands, too few and too many arguments" {
	try "$vmq" driver nonsense
	is "$status" 2
	is "${stderr_lines[0]}" "vmq: driver has no command 'nonsense'"
	try "$vmq" driver bind count
	is "$status" 2
	is "${stderr_lines[0]}" "vmq driver bind: bind needs DRIVER ADAPTER [KEY=VALUE...]"
	try "$vmq" driver list count
	is "$status" 2
	is "${stderr_lines[0]}" "vmq driver list: 'count' is too much: list takes no arguments"
	try "$vmq" driver bind count adapter Mode
	is "$status" 2
	is "${stderr_lines[0]}" "vmq driver bind: 'Mode' is no KEY=VALUE"
	try "$vmq" driver list --name x
	is "$status" 2
	is "${stderr_lines[0]}" "vmq driver list: --name has no meaning for list"
	try "$vmq" driver load "$PWD/none.so"
	is "$status" 1
	[[ $stderr == *"none.so: there is no such file; vmq-cc makes drivers"* ]]
}

@test "no daemon: how to start one" {
	refused list "no daemon listens at $socket" "vmq run --control auto"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$socket"
	refused list "the daemon that listened at $socket is gone"
	XDG_RUNTIME_DIR=$PWD/none try "$vmq" driver list
	one_error 1 "no daemon listens at $PWD/none/openvmq/control.sock"
}

@test "--control auto: daemon and client meet at the usual place" {
	export XDG_RUNTIME_DIR=$PWD/run
	mkdir -m 700 run
	socket=$PWD/run/openvmq/control.sock
	office_config -e 's/pcap:office.pcap/pcap-loop:office.pcap/' -e '/out: /d' -e '/sends:/d'
	"$vmq" run --quiet --control auto host.yaml >result.txt 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	try "$vmq" driver list
	is "$status" 0
	is "${lines[0]%% *}" Driver
	stop
}

@test "control: in the configuration does as --control" {
	office_config -e 's/pcap:office.pcap/pcap-loop:office.pcap/' -e '/out: /d' -e '/sends:/d' \
		-e "s#^host:#host:\n  control: $socket#"
	"$vmq" run --quiet host.yaml >result.txt 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	driver list
	stop
}

@test "a socket that cannot be: nothing is started" {
	office_config
	try "$vmq" run --quiet --control /no/such/c.sock host.yaml
	one_error 1 "/no/such/c.sock"
	echo precious >file
	try "$vmq" run --quiet --control "$PWD/file" host.yaml
	one_error 1 "a file is there that is no socket"
	is "$(cat file)" precious
	start
	try "$vmq" run --quiet --control "$socket" host.yaml
	one_error 1 "another program listens there"
	driver list
	stop
}

# ---- drivers ----

@test "a filter comes, counts, and goes, while traffic flows" {
	start
	driver load "$drivers/count.so"
	[[ $output == *"Driver    count"*"Kind      filter"*"no adapter"* ]]
	driver bind count adapter
	[[ $output == *"adapter: filter module count"* ]]
	is "$(uses count)" '[["adapter","count","RUNNING"]]'
	driver list
	[[ $output == *count*filter*adapter*count*RUNNING*count.so* ]]
	refused "unload count" "driver count is in use" "adapter" "unbind it first"
	driver unbind count
	is "$(uses count)" '[]'
	driver unload count
	is "$output" ""
	refused "info count" 'no driver "count" is loaded'
	stop
	is "$(cat errors.txt)" ""
}

@test "three filters on the office: the same frames for everybody" {
	office_config -e "/out:/a\\  filters: [$(printf '{driver: %s, name: f%s},' \
		"$drivers/count.so" 1 "$drivers/count.so" 2 "$drivers/count.so" 3)]"
	play host.yaml
	agrees host.yaml result.json
}

@test "filters that are paused, detached and attached under traffic: every frame is accounted for" {
	office_config -e 's/pcap:office.pcap/pcap-loop:office.pcap/' -e '/sends:/d' -e "/out:/c\\
  filters: [$(printf '{driver: %s, name: f%s},' "$drivers/count.so" 1 "$drivers/count.so" 2)]"
	start_config host.yaml
	for _ in 1 2 3; do
		driver pause count --name f1
		driver unbind count --name f2
		driver restart count --name f1
		driver bind count adapter --name f2
		driver pause miniport
		driver restart miniport
	done
	stop
	agrees host.yaml result.json --ledgers
	[ "$(count wire drops adapter_paused)" -gt 0 ]
	# A pause loses frames before the switch, and what the switch held; a fast source overruns; and
	# a burst may just have been taken when the switch takes its packet filter back, at the end.
	is "$(jq -c '.wire.drops | keys - ["adapter_paused", "no_protocol", "ring_full", "queue_full", "packet_filter"]' <result.json)" '[]'
	jq -e '(.wire.drops.packet_filter // 0) <= 16' <result.json
	is "$(jq -c '.ports.drops | keys - ["no_destination", "stopped", "port_full"]' <result.json)" '[]'
}

@test "a filter on one adapter twice, each by its name" {
	start
	driver load "$drivers/count.so"
	driver bind count adapter
	refused "bind count adapter" "count"
	driver bind count adapter --name second
	is "$(uses count)" '[["adapter","count","RUNNING"],["adapter","second","RUNNING"]]'
	refused "unbind count" "in 2 places"
	driver unbind count --name count
	driver pause count
	driver restart count
	is "$(uses count)" '[["adapter","second","RUNNING"]]'
	stop
}

@test "a protocol beside the switch" {
	start
	driver load "$drivers/echo.so"
	driver bind echo adapter
	refused "bind echo adapter" "echo"
	refused "pause echo" "is a protocol: it is paused with its adapter's miniport"
	driver unbind echo adapter
	refused "unbind echo" "driver echo is not bound to any adapter"
	driver unload echo
	stop
}

@test "an adapter is paused and restarted by its miniport" {
	start
	driver pause miniport
	is "$(uses miniport)" '[["adapter","adapter","PAUSED"]]'
	driver restart miniport adapter
	is "$(uses miniport)" '[["adapter","adapter","RUNNING"]]'
	stop
}

@test "what is refused: files that are no drivers, names that are not there, our own" {
	start
	echo "no driver" >no.so
	refused "load $PWD/no.so" "no.so"
	refused "unload nothing" 'no driver "nothing" is loaded'
	refused "bind nothing adapter" 'no driver "nothing" is loaded'
	driver load "$drivers/count.so"
	refused "load $drivers/count.so" "is loaded already, as driver count"
	refused "bind count nowhere" 'there is no adapter "nowhere"; there is adapter'
	refused "unbind count" "driver count is not bound to any adapter"
	driver load "$drivers/wire.so"
	refused "bind wire adapter" "driver wire is a miniport" "configuration"
	refused "unload vswitch" "part of this program and stays"
	refused "unbind miniport" "part of this program"
	refused "bind vswitch adapter" "the configuration says where"
	driver load "$drivers/echo.so" Level=3
	[[ $output == *"Keyword   Level = 3"* ]]
	refused "bind echo adapter Level=3" "give them when it is loaded"
	stop
}

@test "the daemon ends with drivers bound: they are unbound and unloaded" {
	start
	driver load "$drivers/count.so"
	driver bind count adapter
	driver load "$drivers/echo.so"
	driver bind echo adapter
	driver pause count
	stop
	is "$(jq '.complaints | length' <result.json)" 0
}

# ---- the configuration ----

# Two adapters of the wire, the second of which plays the office: hub [LINE OF ADAPTER 1]...
hub() {
	printf '%s\n' "adapters:" "- name: one" "  driver: $drivers/wire.so" "  keywords: {WireName: a}" \
		"${@/#/  }" "- name: two" "  driver: $drivers/wire.so" "  keywords: {WireName: a}" \
		"  play: ${play:-mail-sends.pcap}" \
		"vms: [{name: a, mac: '52:54:00:00:00:11', port: 'pcap:out/a.pcapng'}]"
}

@test "what plays into one adapter of a loaded miniport arrives at the other" {
	local frames
	frames=$(capinfos -cM mail-sends.pcap 2>/dev/null | sed -n 's/^Number of packets: *//p')
	hub >host.yaml
	play host.yaml
	is "$status" 0
	is "$(cat errors.txt)" ""
	is "$(jq -c '.plays[0] | [.adapter, .failed, .skipped, .outstanding]' <result.json)" '["two",0,0,0]'
	[ "$(count plays 0 sent)" -gt 0 ]
	[ -z "$frames" ] || is "$(count plays 0 sent)" "$frames" "frames of the capture"
	is "$(count ports from_wire)" "$(count plays 0 sent)" "frames that arrived"
	is "$(count ports balances)" true
}

@test "filters and protocols of the configuration are there from the start" {
	hub "filters: [{driver: $drivers/count.so}, {driver: $drivers/count.so, name: top}]" \
		"protocols: [{driver: $drivers/echo.so}]" >host.yaml
	play host.yaml
	is "$status" 0
	is "$(cat errors.txt)" ""
	is "$(count ports from_wire)" "$(count plays 0 sent)" "frames that arrived"
}

@test "a driver in the wrong list, or a file that is none" {
	hub "filters: [{driver: $drivers/echo.so}]" >host.yaml
	try "$vmq" run --quiet host.yaml
	one_error 1 "adapter one: driver echo is no filter"
	hub "protocols: [{driver: $drivers/count.so}]" >host.yaml
	try "$vmq" run --quiet host.yaml
	one_error 1 "adapter one: driver count is no protocol"
	hub | sed "0,/wire.so/s//count.so/" >host.yaml
	try "$vmq" run --quiet host.yaml
	one_error 1 "adapter one: driver count is no miniport"
	hub "filters: [{driver: none.so}]" >host.yaml
	try "$vmq" run --quiet host.yaml
	one_error 1 "none.so"
	play=none.pcap hub >host.yaml
	try "$vmq" run --quiet host.yaml
	one_error 1 "none.pcap" "no such file"
}

# ---- hostile clients ----

@test "garbage, half messages and huge ones: told or left, and the daemon goes on" {
	start
	is "$(ask <<<'garbage' | jq -c '[.error.code, .id]')" '[-32700,null]'
	is "$(ask <<<'{"jsonrpc":"2.0","id":1,"method":"driver.load"}' | jq .error.code)" -32602
	is "$(ask <<<'{"jsonrpc":"2.0","id":1,"method":"driver.load","params":{"file":"x.so"}}' | jq .error.code)" -32602
	is "$(ask <<<'{"jsonrpc":"2.0","id":1,"method":"driver.info","params":{"driver":"x"}}' | jq .error.code)" -32001
	is "$(ask <<<'{"jsonrpc":"2.0","id":1,"method":"driver.unload","params":{"driver":"a\u001bb"}}' | jq .error.code)" -32602
	is "$(printf '{"jsonrpc":' | ask)" ""
	is "$(head -c 300000 /dev/zero | ask | jq .error.code)" -32600
	head -c 3000000 /dev/urandom | ask >/dev/null || true
	printf '[%s]' "$(yes '{"jsonrpc":"2.0","id":1,"method":"driver.list"},' | head -30)null" | tr -d '\n' >batch
	echo >>batch
	is "$(ask <batch | jq .error.code)" -32600
	driver list
	stop
}

@test "clients that connect and say nothing, or do not listen, keep nobody out" {
	start
	timeout 20 python3 -c '
import socket, sys, time
idle = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.setblocking(False)
    idle.append(s)
    try:
        s.sendall(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"driver.list\"}\n" * 200)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass
print("ready", flush=True)
time.sleep(10)' "$socket" >ready 3>&- &
	local clients=$!
	until [ -s ready ]; do sleep 0.02; done
	driver list
	kill "$clients"
	wait "$clients" || true
	stop
}

@test "somebody else is sent away" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	start
	nobody_setup
	chmod 777 . "$socket"
	try "${as_nobody[@]}" their/vmq driver list --socket "$socket"
	one_error 1 "hung up before it answered"
	driver list
	stop
}
