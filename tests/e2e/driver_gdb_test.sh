#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# driver_gdb_test.sh VMQD: the gdb commands of tools/gdb show what they say, in a vmqd
# that is stopped where a frame of a loaded driver passes.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
vmqd=$(realpath "${1:-$top/build/src/host/vmqd}")
command -v gdb >/dev/null || {
	echo "SKIPPED gdb is not installed"
	exit 0
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$top/tools/vmq-cc" -o wire.so "$top"/tests/drivers/wire/*.c -DNDIS_MINIPORT_DRIVER=1 -DNDIS630_MINIPORT=1
cat >host.yaml <<END
host: {processors: 2}
adapters:
  - {name: left, driver: wire.so, keywords: {WireName: one}}
  - {name: right, driver: wire.so, keywords: {WireName: one}, switch: false, play: $top/examples/office.pcap}
vms: [{name: mail, mac: 52:54:00:00:00:31, port: "pcap:mail.pcapng"}]
END
cat >commands <<END
set pagination off
set breakpoint pending on
source $top/tools/gdb/openvmq-gdb.py
vmq-adapter
break WireOidRequest
run
vmq-oids
vmq-adapter
delete
break WireSendNetBufferLists
continue
vmq-nbl NetBufferList
vmq-nbl 0
vmq-nbl
END
# Its status says nothing: one of the commands is wrong on purpose, and what was debugged is
# ended in the middle. What it showed is looked at below.
timeout 60 gdb -q -batch -x commands --args "$vmqd" --quiet host.yaml >shown 2>&1 </dev/null || true

status=0
shows() {
	grep -qE "$1" shown || {
		echo "gdb did not show: $1"
		status=1
	}
}
shows '^left.*: under way: request 0x[0-9a-f]+, (set|query) of OID_'
shows '^  adapter  left +[A-Z]+ +context 0x[0-9a-f]+'
shows '^  binding  .* +[A-Z]+ +context'
shows '^NBL 0x[0-9a-f]+: queue 0, filter 0, VLAN 0 priority 0, status 0x'
shows '^  NB 0x[0-9a-f]+: [0-9]+ bytes from offset 0'
shows '^    MDL 0x[0-9a-f]+: [0-9]+ bytes at 0x[0-9a-f]+, current, offset 0'
shows '^[0-9]+ lists?, [0-9]+ bytes'
shows '^0 lists, 0 bytes'
shows 'vmq-nbl wants an address'
[ $status -eq 0 ] && echo "gdb: the three commands show what they say" || cat shown
exit $status
