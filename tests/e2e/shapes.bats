#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Frames as they come from elsewhere, through a live port: the office's capture replayed by
# tcpreplay, and frames of every shape that scapy makes.

load helpers
load tap

setup() { tap_setup; }
teardown() { tap_teardown; }

# The NIC has had this many frames: wait_for N
wait_for() {
	local tries now
	for tries in $(seq 200); do
		now=$("$vmq" queue list --json --socket "$socket" | jq '[.[].indicated] | add')
		[ "$now" -lt "$1" ] || return 0
		sleep 0.02
	done
	echo "$now frames were indicated, not $1"
	return 1
}

@test "the office replayed into a tap: every VM as in the run of the capture" {
	command -v tcpreplay >/dev/null || skip "tcpreplay is not installed"
	ln -s "$top"/examples/*.pcap .
	office_config
	play host.yaml
	agrees host.yaml result.json
	mv result.json capture.json
	mv out capture
	office_config -e 's/nic: .*/nic: tap:uplink/' -e '/^ *out:/d'
	start
	inside tcpreplay --intf1=uplink --pps=3000 --quiet office.pcap >replay.txt 2>&1
	grep -Eq 'Successful packets: +2492' replay.txt
	wait_for 2492
	is "$(tap_lost)" 0 "frames that the tap had no room for"
	settles
	finish
	is "$(count wire from_nic)" 2492
	for vm in 0 1 2; do
		for key in vm queue frames_in bytes_in frames_out bytes_out indicated port_drops wire_drops; do
			is "$(count vms $vm $key)" "$(jq -rc ".vms[$vm].$key" capture.json)" "VM $vm's $key"
		done
	done
	is "$(count ports to_wire)" "$(jq .ports.to_wire capture.json)" "sent to the wire"
	is "$(count ports drops)" "$(jq -c .ports.drops capture.json)" "dropped"
	# The same frames, byte for byte; those from other VMs come between them elsewhere.
	for vm in web db mail; do
		for run in capture out; do
			tcpdump -r $run/$vm.pcapng -t -e -xx 2>/dev/null |
				awk '/^[^\t]/ { if (f) print f; f = "" } /^\t/ { f = f $0 } END { print f }' |
				sort >$run.$vm
		done
		cmp capture.$vm out.$vm
	done
}

@test "frames of every shape: each delivered byte for byte, or counted under its reason" {
	local sent
	/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "scapy is not installed"
	cat >host.yaml <<-END
	host: {processors: 2, workers: 2}
	adapter: {nic: "tap:uplink"}
	vms:
	- {name: one, mac: "52:54:00:00:00:11", port: "pcap:one.pcapng"}
	- {name: ten, mac: "52:54:00:00:00:12", vlan: 10, port: "pcap:ten.pcapng"}
	END
	start
	sent=$(inside "$e2e/shapes.py" send uplink)
	is "$(tap_lost)" 0 "frames that the tap had no room for"
	until [ "$(inside ip -s -j link show uplink | jq '.[0].stats64.tx.packets')" -ge "$sent" ]; do
		sleep 0.02
	done
	settles
	finish
	is "$(count wire from_nic)" "$sent"
	"$e2e/shapes.py" check result.json
}
