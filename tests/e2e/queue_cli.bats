#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmq queue against a running host: queues move, go and come again under full traffic, and
# what a user can get wrong is told and harms nobody.

load helpers

setup() {
	office_setup
	socket=$PWD/c.sock
}

teardown() { office_teardown; }

# The office over and over as a daemon: start [SED-EXPRESSION...]
start() {
	office_config -e 's/pcap:office.pcap/pcap-loop:office.pcap/' -e '/out: /d' -e '/sends:/d' \
		-e 's/pcap:out/pcap:got/' "$@"
	mkdir got
	"$vmq" run --quiet --json --control "$socket" host.yaml >result.json 2>errors.txt 3>&- &
	vmq_pid=$!
	until [ -S "$socket" ] || ! kill -0 "$vmq_pid" 2>/dev/null; do sleep 0.02; done
	[ -S "$socket" ] || { cat errors.txt; return 1; }
}

# The daemon ends well, and both ledgers balance.
stop() {
	status=0
	kill -TERM "$vmq_pid"
	wait "$vmq_pid" || status=$?
	vmq_pid=
	is "$status" 0 "the daemon's status" || { cat errors.txt; return 1; }
	[ ! -s errors.txt ] || { cat errors.txt; return 1; }
	is "$(count wire balances)" true "the wire ledger"
	is "$(count ports balances)" true "the port ledger"
}

# vmq queue, which must succeed: queue COMMAND...
queue() {
	try "$vmq" queue "$@" --socket "$socket"
	is "$status" 0 status || { echo "$stderr"; return 1; }
	is "$stderr" "" "standard error"
}

# ... or must be refused in one line with each TEXT: refused "COMMAND..." TEXT...
refused() {
	try "$vmq" queue $1 --socket "$socket"
	one_error 1 "${@:2}"
	is "$output" "" "standard output"
}

# A member of a VM's row: row VM MEMBER
row() {
	"$vmq" queue list --json --socket "$socket" |
		jq -r --arg vm "$1" --arg key "$2" '.[] | select(.vm == $vm) | .[$key]'
}

# Until frames of the VM have come since: grows VM
grows() {
	local before now
	before=$(row "$1" indicated)
	for _ in $(seq 200); do
		now=$(row "$1" indicated)
		[ "$now" -le "$before" ] || return 0
		sleep 0.02
	done
	echo "VM $1: nothing came after $before"
	return 1
}

# The error that queue.move answers to these parameters: answer PARAMS
answer() {
	printf '{"jsonrpc":"2.0","id":1,"method":"queue.move","params":%s}\n' "$1" | timeout 20 python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
print(s.makefile().readline())' "$socket" | jq -c '[.error.code, .error.message]'
}

@test "vmq queue alone and with --help: its commands, with examples" {
	try "$vmq" queue
	is "$status" 2
	[[ $stderr == "Usage: vmq queue COMMAND"*"Examples:"* ]]
	try "$vmq" queue --help
	is "$status" 0
	[[ $output == "Usage: vmq queue COMMAND"*"vmq queue move web 2"* ]]
	for command in list move release assign set; do
		try "$vmq" queue $command --help
		is "$status" 0
		[[ $output == "Usage: vmq queue $command "* ]]
		[[ $output == *"Example"*"vmq queue $command"* ]]
		[[ $output == *"--json"*"--socket"* ]]
	done
}

@test "vmq queue: unknown commands, too few and too many arguments" {
	try "$vmq" queue nonsense
	is "$status" 2
	is "${stderr_lines[0]}" "vmq: queue has no command 'nonsense'"
	try "$vmq" queue move web
	is "$status" 2
	is "${stderr_lines[0]}" "vmq queue move: move needs VM PROCESSOR"
	try "$vmq" queue move web two
	is "$status" 2
	is "${stderr_lines[0]}" "vmq queue move: the processor 'two' is no number"
	try "$vmq" queue list web
	is "$status" 2
	is "${stderr_lines[0]}" "vmq queue list: 'web' is too much: list takes no arguments"
	try "$vmq" queue set web --indication both
	is "$status" 2
	is "${stderr_lines[0]}" "vmq queue set: --indication is per-queue or mixed, not 'both'"
	try "$vmq" queue set web
	is "$status" 2
	[[ ${stderr_lines[0]} == *"--indication, --rate, --burst or --weight"* ]]
	try "$vmq" queue move web 1 --indication mixed
	is "$status" 2
	is "${stderr_lines[0]}" "vmq queue move: --indication has no meaning for move"
	refused list "no daemon listens at $socket" "vmq run --control auto"
}

@test "C33 D18 vmq queue list: every queue with its VM" {
	start
	queue list
	[[ ${lines[0]} == "Adapter  Queue  VM"*"State"*"Mode"*"CPU"*"MSI-X"*"Filters"*"Buffers"*"Held"*"Indicated"*"Note" ]]
	is "${#lines[@]}" 5 lines
	[[ ${lines[1]} == "adapter      0  (default)  RUNNING "* ]]
	[[ ${lines[2]} == "adapter      1  web        RUNNING  placed    1 "* ]]
	[[ ${lines[3]} == "adapter      2  db         RUNNING  placed    2 "* ]]
	is "$(row db filters)" 2 "the filters of db"
	is "$(row db buffers)" 512 "the buffers of db"
	is "$(row web owner)" vswitch
	queue list --adapter adapter
	is "${#lines[@]}" 5 lines
	refused "list --adapter nic" 'no adapter "nic": there is adapter'
	stop
}

@test "C48 F13 a queue moves under full traffic, round and round" {
	start
	for processor in 3 0 2 1 3 2 0 1; do
		queue move web $processor
		is "$output" ""
		is "$(row web processor)" $processor
		is "$(row web state)" RUNNING
		grows web
	done
	stop
	is "$(count ports drops queue_freed)" 0 "dropped by a free"
	is "$(jq -c '[.vms[] | .queue]' result.json)" "[1,2,3]" queues
}

@test "G1 G13 G14 a queue is released and assigned under full traffic" {
	start -e 's/nic: .*/&\n  queues: 2/'
	is "$(row mail queue)" 0
	[[ $(row mail why) == "no queue left: the adapter has 2" ]]
	refused "assign mail" "VM mail: no queue left: the adapter has 2"
	queue release db
	is "$(row db queue)" 0
	is "$(row db own_queue)" false
	[[ $(row db why) == *"was released"* ]]
	refused "release db" "VM db has no queue to release" "was released"
	queue assign mail
	is "$(row mail own_queue)" true
	is "$(row mail state)" RUNNING
	grows mail
	refused "assign mail" "VM mail has a queue already"
	refused "assign db" "VM db: no queue left"
	queue release mail
	queue move db 0
	queue assign db
	is "$(row db processor)" 0
	grows db
	stop
	[ "$(jq '.vms[] | select(.vm == "db") | .frames_in' result.json)" -gt 0 ]
}

@test "C49 how frames are indicated is set at run time" {
	start
	is "$(row web per_queue_indication)" true
	queue set web --indication mixed
	is "$(row web per_queue_indication)" false
	queue list
	[[ ${lines[2]} == *"mixed indications" ]]
	grows web
	queue set web --indication per-queue --json
	is "$(jq -c '[.vm, .per_queue_indication]' <<<"$output")" '["web",true]'
	grows web
	stop
}

@test "names that are not there: what there is, in one line" {
	start
	refused "move nobody 1" 'no VM "nobody": there are web, db, mail'
	refused "release nobody" 'no VM "nobody": there are web, db, mail'
	refused "move web 4" "there is no processor 4: they are 0 to 3"
	queue move web 1
	is "$(answer '{"queue":0,"processor":1}')" \
		'[-32602,"queue 0 is the default queue: it is nobody'"'"'s, and stays where it is"]'
	is "$(answer '{"queue":9,"processor":1}')" '[-32001,"no queue 9; see queue list"]'
	is "$(answer '{"processor":1}')" '[-32602,"say \"vm\" or \"queue\", one of the two"]'
	is "$(answer '{"queue":2,"processor":0}')" '[null,null]'
	is "$(row db processor)" 0
	stop
}

@test "G7 G14 many lives of one VM's queue under full traffic" {
	start
	for _ in 1 2 3 4 5; do
		queue release web
		queue assign web
		queue move web 2
		queue move web 1
	done
	grows web
	stop
}

@test "C33 X8 a queue that moves keeps its MSI-X entry; who serves it is another" {
	start
	local entry
	entry=$(row web msix)
	queue move web 3
	is "$(row web msix)" "$entry" "its MSI-X entry"
	is "$(row web processor)" 3
	stop
}

@test "C48 an adapter of NDIS 6.20 cannot move a queue in use: what to do instead, and that works" {
	start -e 's/nic: .*/&\n  ndis: 6.20/'
	refused "move web 2" "VM web: the adapter cannot move a queue that is in use; release it, move" \
		"assign it again"
	is "$(row web processor)" 1
	queue release web
	queue move web 2
	queue assign web
	is "$(row web processor)" 2
	grows web
	stop
}

@test "G13 an adapter whose VMQ is off: who has no queue, why, and that traffic goes on" {
	start -e 's/nic: .*/&\n  keywords: {"*VMQ": 0}/'
	is "$(row web own_queue)" false
	is "$(row web why)" "the adapter has no VM queues"
	refused "assign web" "VM web: the adapter has no VM queues"
	refused "release web" "VM web has no queue to release: the adapter has no VM queues"
	queue move web 2
	is "$(row web processor)" 2
	stop
	[ "$(jq '.vms[] | select(.vm == "web") | .frames_in' result.json)" -gt 0 ]
}

@test "what NDIS refused: which field, what it was, what it must be" {
	start -e 's/nic: .*/&\n  keywords: {"*VMQVlanFiltering": 0}/'
	[[ $(row web why) == "no queue: SET_FILTER was refused with status 0xc000000d" ]]
	is "$(row mail own_queue)" true   # it needs no VLAN
	refused "assign web" "VM web: no queue: SET_FILTER was refused with status 0xc000000d" \
		"(OID_RECEIVE_FILTER_SET_FILTER: HeaderField of field 1 is 4, must be one that the adapter has"
	stop
}

@test "a host that ends: whoever asks it meanwhile is told so, in one line" {
	start
	local i
	kill -STOP "$vmq_pid"
	for i in 1 2 3; do
		{
			echo 0 >"status$i"
			timeout 20 "$vmq" queue list --socket "$socket" >/dev/null 2>"said$i" ||
				echo $? >"status$i"
		} 3>&- &
	done
	# Each has connected, and waits to be served.
	until [ "$(ss -Hxl src "$socket" | awk '{ print $3 }')" -ge 3 ]; do sleep 0.02; done
	kill -TERM "$vmq_pid"
	kill -CONT "$vmq_pid"
	wait "$vmq_pid"
	vmq_pid=
	wait
	for i in 1 2 3; do
		[ "$(<status$i)" -eq 0 ] && continue
		is "$(<status$i)" 1
		is "$(wc -l <said$i)" 1 "lines of error"
		grep -q "^vmq: .*daemon" said$i || { cat said$i; return 1; }
	done
}

@test "G5 G10 a free that waits for another driver: for whom, in the list; then it ends" {
	"$top/tools/vmq-cc" -o keep.so "$top/tests/drivers/keep/keep.c" -DNDIS_WDM=1 -DNDIS630=1 -Wall -Werror
	start -e 's#nic: .*#&\n  filters: [{driver: ./keep.so}]#'
	reaches() { [ "$(row web "$1")" -ge "$2" ]; }
	until reaches outstanding 16 && reaches indicated 1000; do sleep 0.02; done
	refused "release web" "VM web: its queue is still being freed after 5000 ms" \
		"(16 frames that another driver on adapter adapter holds)"
	queue list
	[[ $output == *" web "*"being freed"*"waits for 16 frames that another driver on adapter adapter holds"* ]]
	is "$(row web outstanding)" 16
	is "$(row web own_queue)" true
	refused "release db" "VM web still waits for its queue to be freed: the adapter has not answered"
	grows db
	try "$vmq" driver pause keep --socket "$socket"
	is "$status" 0 || { echo "$stderr"; return 1; }
	for _ in $(seq 200); do
		[ "$(row web own_queue)" = true ] || break
		sleep 0.02
	done
	is "$(row web own_queue)" false
	try "$vmq" driver restart keep --socket "$socket"
	is "$status" 0 || { echo "$stderr"; return 1; }
	queue assign web
	grows web
	# The operator was told while it lasted, once.
	is "$(wc -l <errors.txt)" 1 "lines of warning"
	grep -q '^vmq: warning: .*FREE_QUEUE of queue 1 (VM "web", of protocol vswitch) has waited' errors.txt
	: >errors.txt
	stop
}
