#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# As many VMs as there may be queues: each its own, each its frames, nothing lost.

load helpers

setup() { cd "$BATS_TEST_TMPDIR" || return; }
teardown() { office_teardown; }

@test "1,024 VMs: each has its queue, and gets its own frames and a copy of every broadcast" {
	local free
	free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
	[ "$free" -ge 4096 ] || skip "needs 4096 MiB of free memory, there are $free"
	/usr/bin/python3 -IS - <<-'END'
	with open("host.yaml", "w") as host, open("frames", "w") as frames:
	    host.write('host: {processors: 4, workers: 2}\n'
	               'adapter: {nic: "pcap:wire.pcap", queues: 1024, buffers: 32}\nvms:\n')
	    for i in range(1024):
	        mac = "52:54:00:01:%02x:%02x" % divmod(i, 256)
	        host.write(f'- {{name: vm{i}, mac: "{mac}", vlan: 10, port: "pcap:out/{i}.pcapng"}}\n')
	        frames.write(f"3 x {mac} 01 100 tag=10\n")
	    # One after another, so that a whole burst is to be copied to every port.
	    frames.write("256 x all 01 100 tag=10\n")
	END
	capture wire.pcap <frames
	run --separate-stderr timeout 60 "$vmq" run --quiet --json host.yaml
	echo "$output" >result.json
	is "$stderr" ""
	is "$status" 0
	is "$(jq '.wire.balances and .ports.balances' result.json)" true
	is "$(jq '[.vms[].own_queue] | all' result.json)" true "each with its own queue"
	is "$(jq -c "[.wire.drops, .ports.drops]" result.json)" "[{},{}]" "drops"
	is "$(jq -c '[.vms[].frames_in] | [min, max]' result.json)" "[259,259]" "frames of a VM"

	is "$(tcpdump -r out/1023.pcapng --count 'ether dst 52:54:00:01:03:ff' 2>/dev/null)" "3 packets"
}
