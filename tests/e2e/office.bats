#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# 'vmq run' as its user sees it: frames in, frames out, and what became of each.
# Every run is compared with office_reference.py, which computes it all again.

load helpers

setup() { office_setup; }
teardown() { office_teardown; }

# Plays the office with the given changes and compares.
office() {
	office_config "$@"
	play host.yaml
	agrees host.yaml result.json
}

# ---- the office ----

@test "the example as it stands: every frame at its VM, byte by byte, in order" {
	cp "$top/examples/office.yaml" .
	play office.yaml
	agrees office.yaml result.json
	is "$(count wire from_nic)" 2492
	is "$(count vms 0 frames_in)" 1126 "web"
	is "$(count ports to_wire)" 1887
}

@test "examples/fair.yaml: the same frames at a rate and with weights, and the table says so" {
	cp "$top/examples/fair.yaml" .
	play fair.yaml
	agrees fair.yaml result.json
	is "$(count vms 0 rate)" 8000000
	is "$(jq -c '[.vms[].weight]' result.json)" "[2,4,null]"
	[ "$(count vms 0 held_back_times)" -gt 10 ]
	try "$vmq" run --quiet fair.yaml
	[[ $output == *"sends: 8 Mbit/s at most, weight 2; held back "*" times"*"sends: weight 4"* ]]
}

@test "examples/classes.yaml: the same frames by RSS and in classes, and the table says so" {
	cp "$top/examples/classes.yaml" .
	play classes.yaml
	is "$status" 0
	[ ! -s errors.txt ]
	is "$(count wire balances) $(count ports balances)" "true true"
	is "$(jq -c '[.vms[].frames_in]' result.json)" "[1126,804,393]"
	is "$(jq -c '[.classes[] | [.share, .strict, .sent]]' result.json)" \
		"[[30,null,1887],[70,null,0],[null,true,0]]"
	is "$(jq '[.default_queue.rss[].indicated] | add' result.json)" 2492
	try "$vmq" run --quiet classes.yaml
	[[ $output == *"by RSS"*"1887  class 0, 30 %, priorities 0 1 2"*"class 2, strict, "* ]]
}

@test "every filter engine and placement: the same frames at every VM, and the result tells them" {
	for policies in "table spread" "rte-hash pack"; do
		read -r engine placement <<<"$policies"
		office -e "/^ *processor:/d" -e "s/nic: .*/&\n  filter-engine: $engine/" \
			-e "s/^vms:/switch:\n  placement: $placement\nvms:/"
		is "$(jq -r '"\(.wire.filter_engine) \(.ports.placement)"' result.json)" "$policies"
	done
	# All three on one processor: it is not full.
	is "$(jq -c '[.vms[].processor] | unique' result.json)" "[0]"
}

@test "run from another directory: captures beside the configuration, results here" {
	mkdir here
	cp "$top/examples/office.yaml" .
	cd here
	play ../office.yaml
	agrees ../office.yaml result.json
	[ -s out/web.pcapng ]
	[ ! -e ../out ]
}

@test "the table says what the JSON says, and both ledgers balance" {
	cp "$top/examples/office.yaml" .
	try "$vmq" run --quiet office.yaml
	is "$status" 0
	is "$stderr" ""
	[[ $output == *"balances: 2492 = 2492"*"balances: 4379 = 4379"* ]]
	[[ $output == *"169  dropped: no_destination"* ]]
	[[ ${lines[0]} == QueueID*"MAC address"*Drops ]]
	grep -Eq '^ +1 +web +52:54:00:00:00:11 +10 +1 +RUNNING +1 +1126 +[0-9]+ +839 +[0-9]+ +0$' <<<"$output"
	grep -Eq '^ +52:54:00:00:00:22$' <<<"$output"
}

@test "1, 2 and 4 processors, 1 and 2 workers" {
	local p w
	for p in 1 2 4; do
		for w in 1 2; do
			[ $w -le $p ] || continue
			echo "processors: $p, workers: $w"
			office -e "s/processors: 4/processors: $p/" -e "s/workers: 2/workers: $w/" \
				-e "/^ *processor: /d"
		done
	done
}

@test "all VMs on one processor" {
	office -e 's/^\( *processor:\) .*/\1 0/'
}

@test "16 receive buffers a queue lose nothing: a capture waits" {
	office -e 's/^adapter:/&\n  buffers: 16/'
	office -e 's/^adapter:/&\n  buffers: 16/' -e 's/workers: 2/workers: 1/'
}

@test "one queue for three VMs: the others use the default queue, and the table says why" {
	office -e 's/^adapter:/&\n  queues: 1/'
	is "$(count vms 0 own_queue)" true
	is "$(count vms 1 own_queue)" false
	[[ $(count vms 2 why) == *"no queue left"* ]]
	try "$vmq" run --quiet host.yaml
	is "$(grep -c 'no queue left: the adapter has 1' <<<"$output")" 2
	grep -Eq '^ +0 +db .* no queue ' <<<"$output"
}

@test "no queues at all: the same frames arrive by the default queue" {
	office -e 's/^adapter:/&\n  queues: 0/'
	is "$(count default_queue indicated)" 2492
	try "$vmq" run --quiet host.yaml
	is "$(grep -c 'the adapter has no VM queues\|no queue left: the adapter has 0' <<<"$output")" 3
}

@test "20 runs, four at a time, give the same frames 20 times" {
	local i
	for i in {1..20}; do
		mkdir run$i
		(cd run$i && timeout 20 "$vmq" run --quiet --json "$top/examples/office.yaml" \
			>result.json 2>errors.txt; echo $? >status.txt) &
		[ $((i % 4)) -ne 0 ] || wait
	done
	for i in {1..20}; do
		echo "run $i"
		cd run$i
		status=$(cat status.txt)
		agrees "$top/examples/office.yaml" result.json
		cd ..
	done
}

# ---- the switch ----

@test "an internal port is the host's own: consumed, never delivered" {
	capture host-sends.pcap <<-END
		3 x 11 fe 200      # to web
		2 x all fe 60
		1 x 99 fe 42       # nobody here: the wire
	END
	capture nic.pcap <<-END
		5 x fe 01 100 tag=10
		4 x fe 01 100      # not its VLAN
		2 x all 01 64 tag=10
		3 x 11 01 1518 tag=10
	END
	office -e 's/^vms:/switch:\n  internal:\n    mac: "52:54:00:00:00:fe"\n    vlan: 10\n    port: pcap:out\/host.pcapng\n    sends: host-sends.pcap\n&/' \
		-e 's/pcap:office.pcap/pcap:nic.pcap/'
	[ "$(count ports consumed)" -ge 7 ]
	is "$(count vms 3 vm)" "(host)"
	[[ $(count vms 3 why) == *"host's own port"* ]]
}

# Three VMs in VLAN 7, one in VLAN 8, one untagged. Options are the reference's.
switch_config() {
	cat >host.yaml <<-END
		host:
		  processors: ${processors:-4}
		  workers: ${workers:-2}
		adapter:
		  nic: pcap:nic.pcap
		  out: out/wire.pcapng
		  queues: ${queues:-16}
		  mtu: ${mtu:-1500}
		vms:
		  - name: a
		    mac: 52:54:00:00:00:0a
		    vlan: 7
		    port: pcap:out/a.pcapng
		    sends: a.pcap
		    spoofing: ${spoofing:-false}
		  - name: b
		    macs: [52:54:00:00:00:0b, 52:54:00:00:00:1b]
		    vlan: 7
		    port: pcap:out/b.pcapng
		    sends: b.pcap
		  - name: c
		    mac: 52:54:00:00:00:0c
		    vlan: 7
		    port: pcap:out/c.pcapng
		  - name: other
		    mac: 52:54:00:00:00:0b
		    vlan: 8
		    port: pcap:out/other.pcapng
		    sends: other.pcap
		  - name: plain
		    mac: 52:54:00:00:00:0a
		    port: pcap:out/plain.pcapng
		    sends: plain.pcap
	END
	local f
	for f in nic a b other plain; do
		[ -e $f.pcap ] || capture $f.pcap </dev/null
	done
	play host.yaml
	agrees host.yaml result.json "$@"
}

@test "VM to VM of one VLAN stays inside; broadcast is copied; other VLANs hear nothing" {
	capture a.pcap <<-END
		100 x 0b 0a 300    # to b
		50 x 1b 0a 42      # to b's other address, short: not padded inside
		3 x all 0a 60      # b and c, and the wire
		2 x group 0a 90
		4 x 99 0a 14       # nobody's: the wire, padded
		5 x 0a 0a 100      # to itself
	END
	capture b.pcap <<-END
		70 x 0a 1b 1514
		1 x all 0b 42
	END
	capture other.pcap <<-END
		6 x 0a 0b 100      # a's MAC is not in VLAN 8: the wire
		1 x all 0b 60
	END
	for queues in 16 0; do
		switch_config
		is "$(count ports copies)" 12
		is "$(count vms 2 frames_in)" 6 "c"
		is "$(count vms 3 frames_in)" 0 "other"
		is "$(count vms 4 frames_in)" 0 "plain"
		is "$(count vms 0 port_drops no_destination)" 5
	done
}

@test "wire frames: VLAN, priority tag, wrong VLAN, broadcast per VLAN (D13, D14, D17)" {
	capture nic.pcap <<-END
		0a 01 100 tag=7            # to a
		0a 01 100 tag=57351        # the same, priority 7
		0a 01 100 tag=4103         # the same, DEI
		2 x 0a 01 100              # to plain
		3 x 0a 01 100 tag=0        # priority tag: plain
		4 x 0a 01 100 tag=57344    # priority 7, VLAN 0: plain
		5 x 0a 01 100 tag=8        # nobody has it there
		6 x 0b 01 100              # b and other have it, tagged
		7 x 0b 01 100 tag=8        # other
		8 x 1b 01 64 tag=7         # b
		9 x 0a 01 100 tag=4095
		1 x all 01 64 tag=7        # a, b, c
		2 x group 01 64 tag=8      # other
		3 x all 01 64              # plain
		4 x all 01 64 tag=8192     # plain: priority 1, VLAN 0
		5 x all 01 64 tag=30       # nobody
		6 x 0a 01 100 type=88a8    # no 802.1Q tag: plain
		7 x 0a 01 100 tag=7 type=8100   # a tag in a tag: one is taken off
	END
	for queues in 16 2 0; do
		switch_config
		is "$(count vms 0 frames_in)" 11 a
		is "$(count vms 3 frames_in)" 9 other
		is "$(count vms 4 frames_in)" 22 plain
		is "$(count ports drops no_destination)" 25
	done
}

@test "a VM may not send from a foreign MAC, with a tag, too short or too long" {
	capture a.pcap <<-END
		2 x 01 0a 100
		3 x 01 0b 100              # b's MAC
		4 x all 99 100             # nobody's MAC
		5 x 01 0a 100 tag=7        # tags are the switch's
		6 x 01 0a 100 tag=8
		7 x 01 0a 13
		8 x 01 0a 1515
		9 x 01 0a 1519
		2 x 01 0a 1600
		1 x 01 0a 100 wire=200     # the capture has half of it
		3 x 01 0a 1514
		1 x 01 0a 0
	END
	switch_config
	is "$(count vms 0 port_drops spoofed_mac)" 7
	is "$(count vms 0 port_drops foreign_vlan)" 11
	is "$(count vms 0 port_drops bad_frame)" 28
	is "$(count ports to_wire)" 5
}

@test "what is the link's own ends at the switch, whoever sent it" {
	capture a.pcap <<-END
		2 x 01:80:c2:00:00:00 0a 60             # spanning tree
		3 x 01:80:c2:00:00:01 0a 60 type=8808   # PAUSE
		1 x 01:80:c2:00:00:02 0a 124 type=8809  # LACP
		1 x 01:80:c2:00:00:0e 0a 60 type=88cc   # LLDP
		1 x 01:80:c2:00:00:0f 0a 60
		1 x 01:80:c2:00:00:10 0a 60             # not reserved: b, c and the wire
		1 x 01:80:c2:01:00:0e 0a 60             # nor is this
	END
	capture nic.pcap <<-END
		2 x 01:80:c2:00:00:01 01 60 type=8808
		3 x 01:80:c2:00:00:0e 01 60 tag=7 type=88cc
		1 x 01:80:c2:00:00:10 01 60 tag=7       # a, b, c
	END
	switch_config
	is "$(count vms 0 port_drops)" '{"link_local":8}'
	is "$(count ports drops link_local)" 13
	is "$(count ports to_wire)" 2
	is "$(count vms 0 frames_in)" 1 a
	is "$(count vms 1 frames_in)" 3 b
}

@test "spoofing: true lets a VM send from any MAC" {
	capture a.pcap <<-END
		3 x 01 99 100
		4 x 0b 99 100
		1 x all 99 60
	END
	spoofing=true switch_config
	is "$(count ports drops)" "{}"
	is "$(count vms 1 frames_in)" 5 b
}

@test "a flood between VMs: what arrives is in order, what does not is counted" {
	capture a.pcap <<-END
		2000 x 0b 0a 60
		300 x all 0a 60
	END
	capture b.pcap <<-END
		2000 x 0a 0b 60
		300 x all 0b 60
	END
	switch_config --may-be-full
}

# ---- the NIC's capture ----

@test "frames too short, too long and cut short are counted where they were lost" {
	capture nic.pcap <<-END
		2 x 0a 01 0
		3 x 0a 01 13
		4 x 0a 01 14
		5 x 0a 01 17 tag=7         # half a tag
		6 x 0a 01 18 tag=7
		7 x 0a 01 1514
		8 x 0a 01 1515
		9 x 0a 01 1518 tag=7
		1 x 0a 01 1519 tag=7
		2 x 0a 01 1522 tag=7
		3 x 0a 01 1537
		4 x 0a 01 4000
		5 x 0a 01 65535
		6 x 0a 01 96 wire=1514     # snaplen 96
		7 x 0a 01 10 wire=60
	END
	switch_config
	is "$(count wire drops too_long)" 23
	is "$(count wire drops too_short)" 10
	is "$(count wire drops truncated)" 13
	is "$(count wire drops nic_missed)" 0
}

@test "mtu 9000: jumbo frames both ways" {
	capture nic.pcap <<-END
		5 x 0a 01 9014
		5 x 0a 01 9018 tag=7
		2 x 0a 01 9015
		2 x 0a 01 9019 tag=7
		3 x all 01 9018 tag=7
	END
	capture a.pcap <<-END
		5 x 01 0a 9014
		6 x 0b 0a 9014
		2 x all 0a 9000
		2 x 01 0a 9015
	END
	for queues in 16 0; do
		mtu=9000 switch_config
	done
	is "$(count vms 0 frames_in)" 8 a
}

@test "the smallest mtu, 68" {
	capture nic.pcap <<-END
		5 x 0a 01 82
		5 x 0a 01 86 tag=7
		5 x 0a 01 83
	END
	capture a.pcap <<-END
		5 x 01 0a 82
		5 x 01 0a 83
	END
	mtu=68 switch_config
}

@test "captures of the other byte order, of nanoseconds, and pcapng" {
	capture nic.pcap --big-endian --nanoseconds <<-END
		20 x 0a 01 100 tag=7
		10 x 0c 01 1000 tag=7
	END
	capture a.pcap --nanoseconds <<-END
		9 x 01 0a 42
	END
	switch_config
	cp out/wire.pcapng again.pcapng
	sed -i 's/nic: pcap:nic.pcap/nic: pcap:again.pcapng/' host.yaml
	play host.yaml
	agrees host.yaml result.json
}

@test "an empty capture ends at once" {
	switch_config
	is "$(count wire from_nic)" 0
}

@test "more VMs than queues, processors and workers: 40 VMs" {
	local i
	{
		printf 'host:\n  processors: 3\n  workers: 2\nadapter:\n  nic: pcap:nic.pcap\nvms:\n'
		for i in {10..49}; do
			printf '  - name: vm%s\n    mac: 52:54:00:00:00:%s\n    vlan: %s\n    port: pcap:out/%s.pcapng\n' \
				$i $i $((i % 4 + 1)) $i
		done
	} >host.yaml
	for i in {10..49}; do
		echo "20 x $i 01 $((i * 20)) tag=$((i % 4 + 1))"
		echo "3 x $i 01 $((i * 20)) tag=$((i % 3 + 1))"
		echo "1 x all 01 64 tag=$((i % 4 + 1))"
	done | capture nic.pcap
	play host.yaml
	agrees host.yaml result.json
	is "$(count vms 15 own_queue)" true
	is "$(count vms 16 own_queue)" false
}

# ---- endless runs ----

# Plays the office for ever; SIGNAL must end it well within 3 s.
ends_on() {
	local ms
	office_config -e 's/nic: pcap:/nic: pcap-loop:/' "${@:2}"
	timeout 20 "$vmq" run --quiet --json host.yaml >result.json 2>errors.txt &
	vmq_pid=$!
	# Well in the middle: the first megabytes have arrived.
	until [ "$(stat -c %s out/web.pcapng 2>/dev/null || echo 0)" -gt 4000000 ]; do
		kill -0 "$vmq_pid"
		sleep 0.02
	done
	# The program, not timeout, which would pass the signal on and end with 124.
	kill -s "$1" "$(ps -o pid= --ppid "$vmq_pid")"
	ms=$(date +%s%3N)
	status=0
	wait "$vmq_pid" || status=$?
	vmq_pid=
	ms=$(($(date +%s%3N) - ms))
	echo "ended after $ms ms"
	[ $ms -lt 3000 ]
	agrees host.yaml result.json --endless
	[ "$(count wire from_nic)" -gt 2492 ]
	is "$(count ports from_vms)" 1887
	rm -rf out
}

@test "SIGINT ends an endless run cleanly" { ends_on INT; }

@test "SIGTERM ends an endless run cleanly" { ends_on TERM; }

@test "SIGTERM ends an endless run with 1 worker and 16 buffers cleanly" {
	ends_on TERM -e 's/workers: 2/workers: 1/' -e 's/^adapter:/&\n  buffers: 16/'
}

@test "--time 1 ends an endless run" {
	local ms
	office_config -e 's/nic: pcap:/nic: pcap-loop:/'
	ms=$(date +%s%3N)
	play --time 1 host.yaml
	ms=$(($(date +%s%3N) - ms))
	[ $ms -ge 1000 ]
	[ $ms -lt 4000 ]
	agrees host.yaml result.json --ledgers
	[ "$(count wire from_nic)" -gt 2492 ]
	rm -rf out
}

@test "--time leaves a run that ends earlier alone" {
	office_config
	play --time 15 host.yaml
	agrees host.yaml result.json
}

@test "progress goes to standard error, the result to standard output" {
	office_config -e 's/nic: pcap:/nic: pcap-loop:/'
	try "$vmq" run --json --time 2 host.yaml
	is "$status" 0
	[[ $stderr == *"frames from the NIC"* ]]
	python3 -m json.tool <<<"$output" >pretty.json
	rm -rf out
}

# ---- who may run it ----

@test "a user without privileges may run the office" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	nobody_setup
	office_config
	chown 65534:65534 .
	try_as_nobody --json host.yaml
	echo "$output" >result.json
	echo "$stderr" | tr -d '\n' >errors.txt
	agrees host.yaml result.json
	is "$(stat -c %u out/web.pcapng)" 65534
}

@test "nothing is left: no process, no socket, no file but the results" {
	office_config
	play host.yaml
	agrees host.yaml result.json
	is "$(find . -type f | sort | tr '\n' ' ')" \
		"./errors.txt ./host.yaml ./out/db.pcapng ./out/mail.pcapng ./out/web.pcapng ./out/wire.pcapng ./result.json "
	! pgrep -f "$BATS_TEST_TMPDIR/host.yaml"
}
