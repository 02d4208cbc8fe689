#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Drivers from files, made by vmq-cc of the sources in tests/drivers: a miniport, a filter
# and a protocol that this program does not contain carry real frames.

load helpers

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	local options=(-Wall -Wextra -Werror)

	cd "$BATS_FILE_TMPDIR"
	"$top/tools/vmq-cc" -o wire.so "$top"/tests/drivers/wire/*.c -DNDIS_MINIPORT_DRIVER=1 \
		-DNDIS630_MINIPORT=1 "${options[@]}"
	"$top/tools/vmq-cc" -o count.so "$top"/tests/drivers/count/*.c -DNDIS_WDM=1 -DNDIS630=1 "${options[@]}"
	"$top/tools/vmq-cc" -o echo.so "$top"/tests/drivers/echo/*.c -DNDIS_WDM=1 -DNDIS630=1 "${options[@]}"
}

setup() {
	office_setup
	ln -s "$BATS_FILE_TMPDIR"/*.so .
}

# A wire with two ends: the switch is at the left one, FILE is played into the right one.
# wire_config FILE [YAML of the left adapter, YAML of the right one]
wire_config() {
	cat >host.yaml <<-END
		host: {processors: 2}
		adapters:
		  - name: left
		    driver: wire.so
		    keywords: {WireName: one, NetworkAddress: "02-00-00-00-00-01"}
		    ${2:-}
		  - name: right
		    driver: wire.so
		    keywords: {WireName: one, NetworkAddress: "02-00-00-00-00-02"}
		    switch: false
		    play: $1
		    ${3:-}
		vms:
		  - name: mail
		    mac: 52:54:00:00:00:31
		    port: pcap:out/mail.pcapng
	END
}

# Frames of the experimental ethertype to the left end: COUNT
experiments() {
	echo "$1 x 02:00:00:00:00:01 02:00:00:00:00:02 60 type=88b5" | capture experiments.pcap
}

@test "wire: every frame that is sent at one end arrives at the other" {
	wire_config office.pcap
	play host.yaml
	is "$status" 0 status || { cat errors.txt; return 1; }
	is "$(jq '[.. | objects | select(has("sent")) | .sent] | max' result.json)" 2492 "sent"
	is "$(count ports from_wire)" 2492 "from the wire"
}

@test "wire: another wire's adapters get nothing" {
	wire_config office.pcap
	sed -i '0,/WireName: one/s//WireName: two/' host.yaml
	play host.yaml
	is "$status" 0 status
	is "$(count ports from_wire)" 0 "from the wire"
}

@test "count: sees each frame once, and lets it pass" {
	wire_config office.pcap "filters: [{driver: count.so}]"
	timeout 20 "$vmq" run -vv --quiet --json host.yaml >result.json 2>errors.txt
	is "$(count ports from_wire)" 2492 "from the wire"
	grep -q 'count: detached: 0 frames (0 bytes) sent, 2492 frames (.* bytes) received' errors.txt
}

@test "count: twice on one adapter, under two names" {
	wire_config office.pcap "filters: [{driver: count.so, name: below}, {driver: count.so, name: above}]"
	timeout 20 "$vmq" run -vv --quiet --json host.yaml >result.json 2>errors.txt
	is "$(grep -c 'count: detached: 0 frames (0 bytes) sent, 2492 frames' errors.txt)" 2
}

@test "echo: sends back what it must, and nothing else" {
	local left='protocols: [{driver: echo.so}]
    filters: [{driver: count.so}]'

	experiments 50
	wire_config experiments.pcap "$left"
	timeout 20 "$vmq" run -vv --quiet --json host.yaml >result.json 2>errors.txt
	grep -q 'count: detached: 50 frames (3000 bytes) sent, 50 frames (3000 bytes) received' errors.txt ||
		{ cat errors.txt; return 1; }
	wire_config office.pcap "$left"
	timeout 20 "$vmq" run -vv --quiet --json host.yaml >result.json 2>errors.txt
	grep -q 'count: detached: 0 frames (0 bytes) sent, 2492 frames' errors.txt
}

# ---- files that are no drivers ----

# The left adapter's driver is FILE: refused STATUS FILE TEXT...
refused() {
	wire_config office.pcap
	sed -i "0,/driver: wire.so/s||driver: $2|" host.yaml
	try "$vmq" run --quiet host.yaml
	one_error "$1" "${@:3}"
}

@test "a driver that is not there, is no driver, or is another machine's" {
	echo hello >text.so
	printf 'MZ' >windows.so
	head -c 300 wire.so >cut.so
	cp wire.so arm.so
	printf '\xb7' | dd of=arm.so bs=1 seek=18 conv=notrunc status=none
	[ "$(uname -m)" != aarch64 ] || skip "this is that machine"
	refused 1 nothing.so nothing.so "No such file"
	refused 1 text.so text.so "not an ELF file"
	refused 1 windows.so windows.so "vmq-cc"
	refused 1 cut.so cut.so "cut short"
	refused 1 arm.so arm.so "another machine"
}

@test "a driver without DriverEntry, or with functions that nobody has" {
	echo 'int driverentry(void) { return 0; }' | cc -shared -fPIC -x c - -o none.so
	echo 'int NdisNoSuch(void); int KeNoSuch(void); int DriverEntry(void) { return NdisNoSuch() + KeNoSuch(); }' |
		cc -shared -fPIC -x c - -o wants.so
	refused 1 none.so "no DriverEntry"
	refused 1 wants.so "driver wants needs functions that OpenVMQ does not have: KeNoSuch, NdisNoSuch"
}
