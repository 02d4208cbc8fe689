#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What a user can get wrong: one line that says what, where, and what to do; status
# 2 for the command line and the configuration, 1 for what the machine refuses.

load helpers

setup() { office_setup; }
teardown() { office_teardown; }

# The office with these changes is refused: refused STATUS SED-EXPRESSION TEXT...
refused() {
	office_config -e "$2"
	try "$vmq" run --quiet host.yaml
	is "$output" "" "standard output"
	one_error "$1" "${@:3}"
}

# A configuration on standard input is refused there: wrong LINE:COLUMN TEXT...
wrong() {
	cat >bad.yaml
	try "$vmq" run --quiet bad.yaml
	is "$output" "" "standard output"
	one_error 2 "vmq: bad.yaml:$1: " "${@:2}"
	[ ! -e out ]
}

# ---- the command line ----

@test "vmq alone: how to use it, on standard error" {
	try "$vmq"
	is "$status" 2
	is "$output" ""
	[[ $stderr == "Usage: vmq COMMAND"*"run FILE"*"examples/office.yaml"* ]]
}

@test "vmq --help, -h and help: how to use it, on standard output" {
	for how in --help -h help; do
		try "$vmq" $how
		is "$status" 0
		is "$stderr" ""
		[[ $output == "Usage: vmq COMMAND"*"run FILE"*"version"* ]]
	done
}

@test "vmq run --help: the options, and every key of the file" {
	try "$vmq" run --help
	is "$status" 0
	is "$stderr" ""
	[[ $output == "Usage: vmq run [OPTION...] FILE"* ]]
	for word in --json --quiet --time --verbose processors workers nic out mtu queues buffers \
		rx-queues internal name mac macs vlan processor port sends spoofing offload vhost-user xdp; do
		grep -qw -e "$word" <<<"$output" || { echo "nothing of $word"; return 1; }
	done
}

@test "vmq nonsense: no such command, and how to use it" {
	try "$vmq" nonsense
	is "$status" 2
	is "$output" ""
	is "${stderr_lines[0]}" "vmq: no command 'nonsense'"
	[[ $stderr == *"Usage: vmq COMMAND"* ]]
}

@test "vmq run without a file, with two, with an unknown option or a bad time" {
	try "$vmq" run
	is "$status" 2
	is "${stderr_lines[0]}" "vmq run: which configuration file? Try examples/office.yaml"
	try "$vmq" run one.yaml two.yaml
	is "$status" 2
	is "${stderr_lines[0]}" "vmq run: one configuration file at a time"
	try "$vmq" run --nonsense
	is "$status" 2
	is "${stderr_lines[0]}" "vmq run: unrecognized option '--nonsense'"
	for time in 0 -1 x 5x 86401 99999999999999999999 ""; do
		try "$vmq" run --time "$time" one.yaml
		is "$status" 2
		[[ ${stderr_lines[0]} == "vmq run: --time wants a number of seconds, 1 to 86400"* ]]
	done
}

@test "a configuration that is not there, not readable, or no file" {
	try "$vmq" run nothing.yaml
	one_error 2 "vmq: nothing.yaml: there is no such file"
	try "$vmq" run .
	one_error 2 "is a directory"
	try "$vmq" run office.pcap
	one_error 2 "vmq: office.pcap:1:1: "
	try "$vmq" run /dev/null
	one_error 2 "vmq: /dev/null:1:1: the file is empty"
	head -c 5000 /dev/urandom >random.yaml
	try "$vmq" run random.yaml
	one_error 2 "vmq: random.yaml:"
}

# ---- the configuration ----

@test "YAML that does not parse" {
	wrong 2:8 "no YAML" <<-'END'
		adapter:
		  nic: "pcap:office.pcap
		vms: []
	END
	wrong 3:1 "no YAML" <<-'END'
		adapter:
		  nic: pcap:office.pcap
		]
	END
	wrong 4:8 "no YAML" <<-'END'
		adapter:
		  nic: pcap:office.pcap
		vms:
		 name: web
		   mac: 1
	END
}

@test "a tab, an anchor, a key twice, a second document" {
	printf 'adapter:\n\tnic: pcap:office.pcap\n' >bad.yaml
	try "$vmq" run bad.yaml
	one_error 2 "vmq: bad.yaml:2:1: "
	wrong 2:8 "anchors" <<-'END'
		adapter:
		  nic: &n pcap:office.pcap
	END
	wrong 3:3 '"nic" stands twice, first at 2:3' <<-'END'
		adapter:
		  nic: pcap:office.pcap
		  nic: pcap:office.pcap
	END
	wrong 3:1 "a second document" <<-'END'
		adapter:
		  nic: pcap:office.pcap
		---
		adapter:
	END
}

@test "an unknown key, and the nearest one" {
	wrong 6:5 'unknown key "vlna"; did you mean "vlan"?' <<-'END'
		adapter:
		  nic: pcap:office.pcap
		vms:
		  - name: web
		    mac: 52:54:00:00:00:11
		    vlna: 10
		    port: pcap:out/web.pcapng
	END
	wrong 3:3 'unknown key "queus"; did you mean "queues"?' <<-'END'
		adapter:
		  nic: pcap:office.pcap
		  queus: 10
	END
	wrong 1:1 'unknown key "adaptor"; did you mean "adapter"?' <<-'END'
		adaptor:
		  nic: pcap:office.pcap
	END
}

# A VM with this MAC and VLAN behind the office's adapter.
vm() {
	printf 'adapter:\n  nic: pcap:office.pcap\nvms:\n'
	printf '  - name: a\n    mac: %s\n    vlan: %s\n    port: %s\n' "$1" "$2" \
		"${3:-pcap:out/a.pcapng}"
}

@test "a multicast, broadcast or all-zero MAC" {
	vm 01:00:5e:00:00:01 10 | wrong 5:10 "01:00:5e:00:00:01" "a multicast address"
	vm ff:ff:ff:ff:ff:ff 10 | wrong 5:10 "the broadcast address"
	vm 00:00:00:00:00:00 10 | wrong 5:10 "all zero"
}

@test "a malformed MAC" {
	local mac
	for mac in 52:54:00:00:00 52:54:00:00:00:1 52:54:00:00:00:gg 52:54:00:00:00:11:22 web \
		525400000011 52:54-00:00:00:11; do
		vm $mac 10 | wrong 5:10 "$mac" "is no MAC address; write six pairs"
	done
}

@test "a MAC twice on a VLAN; on two VLANs it is allowed" {
	two() {
		vm 52:54:00:00:00:11 10
		printf '  - name: b\n    mac: 52:54:00:00:00:11\n    vlan: %s\n    port: pcap:out/b.pcapng\n' $1
	}
	two 10 | wrong 9:10 "52:54:00:00:00:11 on VLAN 10" "taken already, at 5:10"
	two 11 >good.yaml
	try "$vmq" run --quiet good.yaml
	is "$status" 0
}

@test "VLAN 0, 4095, and what is no number" {
	local vlan
	for vlan in 0 4095 -1 70000 ten 1.5 99999999999999999999; do
		vm 52:54:00:00:00:11 $vlan | wrong 6:11 "$vlan" "1..4094"
	done
}

@test "a processor that there is not" {
	wrong 10:16 "there is no processor 2" "0..1" <<-'END'
		host:
		  processors: 2
		adapter:
		  nic: pcap:office.pcap
		vms:
		  - name: a
		    mac: 52:54:00:00:00:11
		    vlan: 10
		    port: pcap:out/a.pcapng
		    processor: 2
	END
}

@test "a socket's path that is too long" {
	local long
	long=$(printf 'x%.0s' {1..108})
	vm 52:54:00:00:00:11 10 "vhost-user:$long" | wrong 7:11 "107"
	vm 52:54:00:00:00:11 10 "vhost-user-client:$long" | wrong 7:11 "107"
}

@test "a port or NIC of no known kind, and keys that do not go with it" {
	vm 52:54:00:00:00:11 10 "pacp:x" | wrong 7:11 "pacp"
	wrong 2:8 "usb" <<<$'adapter:\n  nic: usb:1\n'
	wrong 3:3 "out goes with a NIC that is a capture" <<<$'adapter:\n  nic: tap:vmq0\n  out: x.pcapng\n'
	wrong 8:5 "sends goes with a pcap port only" \
		< <(vm 52:54:00:00:00:11 10 tap:t0; echo '    sends: web-sends.pcap')
}

@test "the versions of NDIS: of the adapter, and of the switch" {
	local version
	for version in 6.40 6.2 6 new "[6.20]"; do
		wrong 3:9 "ndis needs 6.20 or 6.30, not" <<<$'adapter:\n  nic: pcap:office.pcap\n  ndis: '"$version"$'\n'
		wrong 4:9 "ndis needs 6.20 or 6.30, not" <<<$'adapter:\n  nic: pcap:office.pcap\nswitch:\n  ndis: '"$version"$'\n'
	done
	wrong 3:3 "ndis goes with nic only" "keywords" <<<$'adapter:\n  driver: ./mynic.so\n  ndis: 6.20\n'
	wrong 3:3 'unknown key "ndsi"; did you mean "ndis"?' <<<$'adapter:\n  nic: pcap:office.pcap\n  ndsi: 6.20\n'
}

@test "how frames are received" {
	wrong 3:12 'receive needs placed, loaned or steered, not "Placed"' <<<$'adapter:\n  nic: pcap:office.pcap\n  receive: Placed\n'
	wrong 3:12 "receive needs placed, loaned or steered, not a list" <<<$'adapter:\n  nic: pcap:office.pcap\n  receive: [loaned]\n'
	wrong 3:3 "receive has no value" <<<$'adapter:\n  nic: pcap:office.pcap\n  receive:\n'
	wrong 3:3 "receive goes with nic only" "keywords" <<<$'adapter:\n  driver: ./mynic.so\n  receive: loaned\n'
	wrong 3:3 'did you mean "receive"?' <<<$'adapter:\n  nic: pcap:office.pcap\n  recieve: loaned\n'
	# A capture steers nothing: its queues are placed, and it says so.
	office_config -e 's/nic: .*/&\n  receive: steered/'
	try "$vmq" run --quiet --json host.yaml
	is "$status" 0
	is "${#stderr_lines[@]}" 1 lines
	[[ $stderr == "vmq: warning: "*"steers no frames: VM queues are placed"* ]]
}

@test "keywords of our own miniport" {
	wrong 3:13 "keywords needs a mapping of names to values, not a list" <<<$'adapter:\n  nic: pcap:office.pcap\n  keywords: ["*VMQ"]\n'
	wrong 3:25 'the keyword "*vmq" stands twice, first at 3:14' <<<$'adapter:\n  nic: pcap:office.pcap\n  keywords: {"*VMQ": 1, "*vmq": 0}\n'
	refused 1 's/nic: .*/&\n  keywords: {Buffers: 3}/' "keyword Buffers is 3, and must be 16..65536"
	refused 1 's/nic: .*/&\n  keywords: {Receive: fast}/' "keyword Receive" "fast" "placed"
	refused 1 's/nic: .*/&\n  keywords: {FilterEngine: fast}/' "keyword FilterEngine" "fast" \
		"table, rte-hash"
	# A switch that is neither on nor off is a warning: the adapter works.
	office_config -e 's/nic: .*/&\n  keywords: {"*VMQ": 2}/'
	try "$vmq" run --quiet --json host.yaml
	is "$status" 0
	is "$stderr" "vmq: warning: miniport: keyword *VMQ is 2, and must be 0 or 1; it counts as 1"
}

@test "memory shared with a guest" {
	vm 52:54:00:00:00:11 10 '"region:"' | wrong 7:11 'nothing follows "region:"; write region:PATH'
	vm 52:54:00:00:00:11 10 region | wrong 7:11 "is no KIND:ARGUMENT" "region"
	vm 52:54:00:00:00:11 10 "region:$(printf 'x%.0s' {1..108})" | wrong 7:11 "107"
	wrong 8:5 "sends goes with a pcap port only" \
		< <(vm 52:54:00:00:00:11 10 region:web.sock; echo '    sends: web-sends.pcap')
	refused 1 's#pcap:out/web.pcapng#region:none/web.sock#;/web-sends/d' "VM web" "none/web.sock" \
		"make it: mkdir -p none"
	echo precious >web.sock
	refused 1 's#pcap:out/web.pcapng#region:web.sock#;/web-sends/d' "VM web" "web.sock"
	is "$(cat web.sock)" precious
}

@test "what is missing, and a file for two" {
	wrong 1:1 'needs either "adapter" or "adapters"' <<<$'vms: []\n'
	wrong 4:5 '"name"' "missing" <<<$'adapter:\n  nic: pcap:office.pcap\nvms:\n  - mac: 52:54:00:00:00:11\n'
	wrong 3:8 "taken already" <<<$'adapter:\n  nic: pcap:x.pcap\n  out: x.pcap\n'
}

# ---- captures ----

@test "a capture that is not there" {
	refused 1 's/office.pcap/nothing.pcap/' "nothing.pcap" "no such file"
	refused 1 's/pcap:office.pcap/pcap-loop:nothing.pcap/' "nothing.pcap" "no such file"
	refused 1 's/web-sends.pcap/nothing.pcap/' "nothing.pcap" "no such file"
}

@test "a capture that may not be read" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	nobody_setup
	office_config
	rm office.pcap
	cp "$top/examples/office.pcap" .
	chmod 0 office.pcap
	chown 65534:65534 .
	try_as_nobody host.yaml
	one_error 1 "office.pcap" "not allowed to read it"
}

@test "a capture that is none, is empty, a directory, or not of Ethernet" {
	echo "hello, this is no capture" >no.pcap
	refused 1 's/office.pcap/no.pcap/' "no.pcap" "not a whole pcap or pcapng file"
	refused 1 's/pcap:office.pcap/pcap-loop:no.pcap/' "no.pcap" "not a whole pcap or pcapng file"
	refused 1 's/web-sends.pcap/no.pcap/' "no.pcap" "not a whole pcap or pcapng file"
	: >zero.pcap
	refused 1 's/office.pcap/zero.pcap/' "zero.pcap" "not a whole"
	mkdir dir.pcap
	refused 1 's/office.pcap/dir.pcap/' "dir.pcap" "is a directory"
	capture wifi.pcap --link 105 <<<"11 01 60"
	refused 1 's/office.pcap/wifi.pcap/' "wifi.pcap" "not of Ethernet"
}

# What was read before the damage is processed: the reference stops there too.
@test "a capture cut off: what was read counts, the ledgers balance, status 1" {
	local size
	for size in 100000 100 24 30; do
		head -c $size "$top/examples/office.pcap" >cut.pcap
		office_config -e 's/office.pcap/cut.pcap/'
		try "$vmq" run --quiet --json host.yaml
		echo "$output" >result.json
		if [ $size -eq 24 ]; then
			is "$status" 0      # a whole file without frames
			continue
		fi
		one_error 1 "cut.pcap" "cut off or damaged at record"
		status=0
		: >errors.txt
		agrees host.yaml result.json
	done
}

@test "damage in the middle of a capture: the frames before it count, status 1" {
	{
		head -c 100000 "$top/examples/office.pcap"
		head -c 5000 /dev/zero | tr '\0' '\377'
	} >bad.pcap
	office_config -e 's/office.pcap/bad.pcap/'
	try "$vmq" run --quiet --json host.yaml
	one_error 1 "bad.pcap" "damaged at record"
	echo "$output" >result.json
	"$e2e/office_reference.py" host.yaml result.json --ledgers
}

@test "a VM's capture cut off: what came before was sent, status 1" {
	head -c 50000 "$top/examples/web-sends.pcap" >cut.pcap
	office_config -e 's/web-sends.pcap/cut.pcap/'
	try "$vmq" run --quiet --json host.yaml
	one_error 1 "VM web" "cut.pcap" "cut off or damaged at record"
	echo "$output" >result.json
	status=0
	: >errors.txt
	agrees host.yaml result.json
}

@test "a result that cannot be written" {
	refused 1 's#out/web.pcapng#/dev/full#' "/dev/full" "cannot be written"
	refused 1 's#out/wire.pcapng#/dev/full#' "/dev/full" "cannot be written"
	refused 1 's#out/web.pcapng#host.yaml/x#' "host.yaml/x" "its directory cannot be made"
	mkdir taken
	refused 1 's#out/web.pcapng#taken#' "taken" "is a directory"
	refused 1 's#out/wire.pcapng#taken#' "taken" "is a directory"
}

@test "a result that may not be written" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	nobody_setup
	office_config
	mkdir out
	try_as_nobody host.yaml
	one_error 1 "out/" "not allowed to write it"
}

@test "results that outgrow a limit half-way: each told once, the rest goes on, status 1" {
	office_config
	# 200 KiB a file: less than any of the four would be, and what waits to be written.
	run --separate-stderr bash -c "ulimit -f 200; exec timeout 20 '$vmq' run --quiet --json host.yaml"
	is "$status" 1
	is "${#stderr_lines[@]}" 4 "lines of error"
	[[ $stderr == *"VM web: port pcap:out/web.pcapng: File too large"* ]]
	[[ $stderr == *"VM db: port pcap:out/db.pcapng: File too large"* ]]
	[[ $stderr == *"VM mail: port pcap:out/mail.pcapng: File too large"* ]]
	[[ $stderr == *"capture 'out/wire.pcapng': cannot be written: File too large"* ]]
	echo "$output" >result.json
	"$e2e/office_reference.py" host.yaml result.json --ledgers
	[ "$(count vms 0 port_drops port_down)" -gt 0 ]
}

# ---- interfaces, sockets, privileges ----

@test "an interface that does not exist" {
	office_config -e 's/pcap:office.pcap/xdp:vmqnone0/' -e '/out:/d'
	try "$vmq" run --quiet host.yaml
	one_error 1 "vmqnone0" "none of that name"
	office_config -e 's/pcap:office.pcap/packet:vmqnone0/' -e '/out:/d'
	try "$vmq" run --quiet host.yaml
	one_error 1 "vmqnone0" "none of that name"
}

@test "a DPDK device that there is not" {
	office_config -e 's/pcap:office.pcap/dpdk:nonsense0/' -e '/out:/d'
	try "$vmq" run --quiet host.yaml
	one_error 1 "dpdk:nonsense0" "DPDK cannot use this device"
}

@test "a socket in use stays its owner's" {
	python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("vm.sock")
s.listen()
print("ready", flush=True)
time.sleep(60)' >listener.txt &
	vmq_pid=$!    # ended by teardown
	until [ -s listener.txt ]; do sleep 0.02; done
	refused 1 's#pcap:out/web.pcapng#vhost-user:vm.sock#;/web-sends/d' "vm.sock" "VM web"
	[ -S vm.sock ]
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("vm.sock")'
	kill "$vmq_pid"
	wait "$vmq_pid" || true
	vmq_pid=
}

@test "a file where the socket should be stays as it is" {
	echo precious >vm.sock
	refused 1 's#pcap:out/web.pcapng#vhost-user:vm.sock#;/web-sends/d' "vm.sock" "VM web"
	is "$(cat vm.sock)" precious
}

@test "a socket in a directory that there is not" {
	refused 1 's#pcap:out/web.pcapng#vhost-user:none/vm.sock#;/web-sends/d' "none/vm.sock" "VM web"
}

@test "a packet, XDP or tap NIC without the privilege" {
	local nic
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	unshare --net ip link add vmqtest0 type veth peer vmqtest1 || skip "no veth"
	nobody_setup
	chown 65534:65534 .
	for nic in packet:vmqtest0 xdp:vmqtest0 tap:vmqtest9; do
		office_config -e "s/pcap:office.pcap/$nic/" -e '/out:/d'
		# In a network of its own, which goes with the last process in it.
		try unshare --net bash -c 'ip link add vmqtest0 type veth peer vmqtest1; ip link set vmqtest0 up; exec "$@"' - \
			"${as_nobody[@]}" their/vmq run --quiet host.yaml
		one_error 1 "$nic" "needs the privilege CAP_NET_"
	done
}

@test "a tap port without the privilege" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	nobody_setup
	chown 65534:65534 .
	office_config -e 's#pcap:out/web.pcapng#tap:vmqnone0#' -e '/web-sends/d'
	try_as_nobody host.yaml
	one_error 1 "VM web" "tap:vmqnone0"
}

@test "a socket left behind by a program that is gone is taken over" {
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("vm.sock")'
	office_config -e 's#pcap:out/web.pcapng#vhost-user:vm.sock#;/web-sends/d'
	play host.yaml
	is "$status" 0
	is "$(cat errors.txt)" ""
	[ ! -e vm.sock ]
	[ "$(count vms 0 port_drops port_down)" -gt 0 ]
}
