#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# rooms.sh BUILD: who may know whom, checked twice: by the includes of every file,
# and by linking every room with nothing but the rooms it may know.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}

# ROOM: the rooms it may include, besides itself and the public headers.
declare -A may=(
	[base]=""
	[vmq]="base"
	[kernel]="base"
	[policy]="base vmq"
	[criteria]="base vmq"
	[ndis]="base vmq criteria kernel"
	[verifier]="base kernel ndis"
	[frame]="base"
	[offload]="base frame"
	[nic]="base frame"
	[vmport]="base frame"
	[miniport]="base vmq policy criteria frame offload nic"
	[vswitch]="base policy frame offload vmport"
	[player]="base frame"
	[wire]=""
	[config]="base vmq policy verifier wire"
	[control]="base wire"
	[loader]="base kernel ndis"
	[host]="base vmq policy criteria kernel ndis verifier frame offload nic vmport miniport vswitch player wire config control loader"
	[cli]="base wire"
)
# These know nothing of DPDK, nor does the thin client.
without_dpdk="base vmq criteria kernel ndis verifier wire config control loader cli"
status=0

fail() {
	echo "rooms: $*"
	status=1
}

for directory in src/*/; do
	room=$(basename "$directory")
	[ -n "${may[$room]+x}" ] || { fail "src/$room is not in the list of rooms"; continue; }
	while IFS=: read -r file line include; do
		other=${include%%/*}
		[ "$other" = "$room" ] && continue
		case " ${may[$room]} " in
		*" $other "*) ;;
		*) fail "$file:$line: $room may not include $include" ;;
		esac
	done < <(grep -nHoP '^#include "\K[a-z_]+/[a-z_0-9]+\.h(?=")' "$directory"*.[ch])
	case " $without_dpdk " in
	*" $room "*)
		hits=$(grep -nH '#include <rte_' "$directory"*.[ch] || true)
		[ -z "$hits" ] || fail "$room knows no DPDK: $hits"
		;;
	esac
	[ -f "$directory/README.md" ] || fail "src/$room has no README.md"
done

# Every symbol that a room uses is its own, or of a room that it may know, or of a
# library of the system. miniport, vswitch and frame call NDIS through its public
# headers, so NDIS is at the other end of the linker's line for them.
declare -A line=(
	[base]="-lpthread"
	[vmq]="base -lpthread"
	[kernel]="base -lpthread"
	[policy]="vmq base dpdk"
	[criteria]="vmq base -lpthread"
	[ndis]="criteria vmq kernel base -lpthread"
	[verifier]="ndis criteria vmq kernel base -lpthread"
	[frame]="ndis criteria vmq kernel base dpdk -lpcap"
	[offload]="frame ndis criteria vmq kernel base dpdk -lpcap"
	[nic]="frame ndis criteria vmq kernel base dpdk -lpcap"
	[vmport]="frame ndis criteria vmq kernel base dpdk -lpcap"
	[miniport]="policy nic offload frame ndis criteria vmq kernel base dpdk -lpcap"
	[vswitch]="policy vmport offload frame ndis criteria vmq kernel base dpdk -lpcap"
	[player]="frame ndis criteria vmq kernel base dpdk -lpcap"
	[wire]=""
	[config]="base -lfyaml"
	[control]="base wire -ljansson -lpthread"
	[loader]="ndis criteria vmq kernel base -lpthread"
)
for room in "${!line[@]}"; do
	arguments=()
	for word in ${line[$room]}; do
		case $word in
		dpdk) read -ra libraries <<<"$(pkg-config --libs libdpdk)"; arguments+=("${libraries[@]}") ;;
		-*) arguments+=("$word") ;;
		*) arguments+=("$build/src/$word/lib$word.a") ;;
		esac
	done
	echo 'int main(void){return 0;}' | cc -x c - -x none -o /dev/null \
		-Wl,--whole-archive "$build/src/$room/lib$room.a" -Wl,--no-whole-archive \
		"${arguments[@]}" 2>/tmp/rooms.$$ ||
		fail "$room does not link with: ${line[$room]}: $(grep -m1 'undefined' /tmp/rooms.$$ || head -1 /tmp/rooms.$$)"
	rm -f /tmp/rooms.$$
done

[ $status -eq 0 ] && echo "rooms: every room knows only those it may"
exit $status
