#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# count-office.sh: say what the captures of record-office.sh hold, as a Markdown table.
#
# Every row names the filter it counts with, so that each number can be had by hand:
#	tcpdump -r office.pcap --count 'ether dst 52:54:00:00:00:11 and vlan 10'

set -euo pipefail

readonly CAPTURES="office web-sends db-sends mail-sends"
readonly VLANS="no tag|not vlan
priority tag (VLAN 0)|vlan 0
VLAN 10|vlan 10
VLAN 20|vlan 20
VLAN 30|vlan 30"
readonly OFFICE_MACS="ether dst 52:54:00:00:00:11 or 52:54:00:00:00:21 or 52:54:00:00:00:22 or 52:54:00:00:00:31"
# The VLAN id of a tagged frame; said with offsets, because every "vlan" in a filter moves what follows by one tag.
readonly TAGGED="ether[12:2] = 0x8100 and ether[14:2] & 0xfff != 0"

usage()
{
	cat <<-END
	usage: count-office.sh [DIRECTORY]

	Counts the frames of office.pcap, web-sends.pcap, db-sends.pcap and
	mail-sends.pcap in DIRECTORY (default: examples, beside the folder of this
	script) by destination, VLAN, protocol and length.

	Exit status: 0 done, 1 a capture cannot be read, 2 wrong usage.
	END
}

die()
{
	echo "count-office.sh: $2" >&2
	exit "$1"
}

# numbers FILTER: the number of frames in each capture, as the cells of a row.
numbers()
{
	local capture answer

	for capture in $CAPTURES; do
		answer=$(tcpdump -r "$directory/$capture.pcap" --count "$1" 2>&1) ||
			die 1 "cannot read $directory/$capture.pcap: $(tail -1 <<<"$answer")"
		printf ' %s |' "$(sed -n 's/ packets\{0,1\}$//p' <<<"$answer")"
	done
}

# row WHAT FILTER: one row.
row()
{
	local cells

	cells=$(numbers "$2") || exit 1
	printf '| %s | %s |%s\n' "$1" "${2:+\`$2\`}" "$cells"
}

# rows_of_vlans WHAT FILTER: a row for each VLAN that has such frames.
rows_of_vlans()
{
	local name filter line

	while IFS='|' read -r name filter; do
		line=$(row "$1, $name" "${2:+$2 and }$filter") || exit 1
		[[ $line == *"| 0 | 0 | 0 | 0 |" ]] || echo "$line"
	done <<<"$VLANS"
}

# protocol WHAT FILTER: in office.pcap most frames carry a tag before the protocol.
protocol()
{
	row "$1" "$2 or (vlan and $2)"
}

count_destinations()
{
	row "to web" "ether dst 52:54:00:00:00:11 and vlan 10"
	row "to db, first address" "ether dst 52:54:00:00:00:21 and vlan 20"
	row "to db, second address" "ether dst 52:54:00:00:00:22 and vlan 20"
	row "to mail, no tag" "ether dst 52:54:00:00:00:31 and not vlan"
	row "to mail, priority tag" "ether dst 52:54:00:00:00:31 and vlan 0"
	row "web's MAC in a wrong VLAN" "ether dst 52:54:00:00:00:11 and not vlan 10"
	row "db's MACs in a wrong VLAN" "(ether dst 52:54:00:00:00:21 or 52:54:00:00:00:22) and not vlan 20"
	row "mail's MAC in a wrong VLAN" "ether dst 52:54:00:00:00:31 and $TAGGED"
	row "to the router" "ether dst 52:54:00:00:01:00"
	rows_of_vlans "unknown unicast" "ether dst 52:54:00:00:00:99"
	rows_of_vlans broadcast "ether broadcast"
	rows_of_vlans multicast "ether multicast and not ether broadcast"
	row "any other unicast" "not ether multicast and not ($OFFICE_MACS or 52:54:00:00:00:99 or 52:54:00:00:01:00)"
}

count_protocols()
{
	protocol ARP arp
	protocol "ICMP (with fragments)" icmp
	protocol ICMPv6 icmp6
	protocol MLD "ip6[6] = 0"
	protocol IGMP "ip proto 2"
	protocol DHCP "udp port 67"
	protocol DNS "port 53"
	protocol mDNS "udp port 5353"
	protocol HTTP "tcp port 80"
	protocol "iperf3, TCP" "tcp port 5201"
	protocol "iperf3, UDP" "udp port 5201"
}

case "${1-}" in
-h | --help)
	usage
	exit 0
	;;
-*)
	die 2 "unknown option: $1; try --help"
	;;
esac
[ $# -le 1 ] || die 2 "more than one directory; try --help"
command -v tcpdump >/dev/null || die 1 "a package is missing; install: tcpdump"
directory=${1-$(dirname "$0")/../examples}

whole=$(row all "") || exit 1
printf '| Frames | Filter | office | web-sends | db-sends | mail-sends |\n|---|---|---:|---:|---:|---:|\n'
echo "$whole"
rows_of_vlans all ""
count_destinations
count_protocols
row "shorter than 60 bytes" "less 59"
row "longer than 1514, with a tag 1518 bytes" "greater 1519 or (greater 1515 and not ether[12:2] = 0x8100)"
