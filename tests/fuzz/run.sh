#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh [SECONDS]: builds the fuzz targets with clang and lets each run for so
# long (10) from its corpus, which stays as it is. New finds go to a directory of
# their own; a crash is kept as crash-* in the working directory and told.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-10}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# target NAME LIBRARIES SOURCE...: builds and runs NAME_fuzz.c with those sources.
target() {
	local name=$1 flags
	read -ra flags <<<"$(pkg-config --cflags --libs "$2")"
	clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -I"$root/src" \
		"$root/tests/fuzz/${name}_fuzz.c" "${@:3}" -o "$work/${name}_fuzz" "${flags[@]}"
	mkdir "$work/$name"
	"$work/${name}_fuzz" -max_total_time="$seconds" -max_len=16384 -timeout=10 -verbosity=1 \
		"$work/$name" "$root/tests/fuzz/corpus/$name" 2>&1 | tail -n 3
}

src=$root/src
target config libfyaml "$src"/config/*.c "$src"/base/{amount,error}.c
target control jansson "$src/control/rpc.c" "$src/control/client.c" "$src/base/error.c"

target offload libdpdk "$src"/offload/{checksum,parse,segment}.c "$src"/frame/{frame,slice}.c -I"$root/include/ndis" \
	-fno-strict-aliasing

target ring libdpdk "$src"/vmport/vmport_vhost_ring{,_deliver,_pass,_receive}.c \
	"$src/vmport/vmport_signal.c" "$src/base/log.c" \
	-I"$root/include/ndis" -fno-strict-aliasing

target dcbx libdpdk "$src"/miniport/dcbx_{build,parse,peers}.c -I"$root/include/ndis" \
	-fno-strict-aliasing

# The driver is what is fuzzed: NDIS around it is compiled without counters, once.
mkdir "$work/objects" "$work/driver_oid"
printf '%s\n' "$src"/{base,criteria,kernel,ndis,vmq}/*.c "$src"/loader/{driver_check,driver_load,elf_file}.c \
	"$root/tests/fuzz/driver_oid_fuzz.c" |
	xargs -P 2 -I{} sh -c 'clang -c -g -O0 -std=gnu11 -D_GNU_SOURCE -fno-strict-aliasing \
		-fsanitize=address -I"$1/src" -I"$1/include/ndis" "$2" \
		-o "$3/$(echo "$2" | tr / _).o"' sh "$root" {} "$work/objects"
clang -fsanitize=fuzzer,address,undefined -rdynamic "$work"/objects/*.o -o "$work/driver_oid_fuzz" -lpthread
"$root/tools/vmq-cc" --cc=clang --sanitize=address,undefined -fsanitize=fuzzer-no-link -DNDIS_MINIPORT_DRIVER=1 \
	-DNDIS630_MINIPORT=1 -o "$work/wire.so" "$root"/tests/drivers/wire/*.c
DRIVER=$work/wire.so "$work/driver_oid_fuzz" -max_total_time="$seconds" -max_len=2056 -timeout=10 \
	-verbosity=1 "$work/driver_oid" "$root/tests/fuzz/corpus/driver_oid" 2>&1 | tail -n 3

# NDIS's part of VMQ with counters, between the bindings and the miniport of the contract tests.
mkdir "$work/counted" "$work/oid"
printf '%s\n' "$src"/ndis/receive_filter*.c "$src"/{criteria,vmq}/*.c "$root/tests/contract/receive_filter_rig.c" \
	"$root/tests/fuzz/oid_fuzz.c" |
	xargs -P 2 -I{} sh -c 'clang -c -g -O1 -std=gnu11 -D_GNU_SOURCE -fno-strict-aliasing \
		-fsanitize=fuzzer-no-link,address,undefined -I"$1/src" -I"$1/include/ndis" "$2" \
		-o "$3/$(echo "$2" | tr / _).o"' sh "$root" {} "$work/counted"
plain=()
for file in "$src"/{base,kernel,ndis}/*.c; do
	case $file in
	*/receive_filter*) ;;
	*) plain+=("$work/objects/$(echo "$file" | tr / _).o") ;;
	esac
done
clang -fsanitize=fuzzer,address,undefined -Wl,--wrap=ndis_oid_again "${plain[@]}" \
	"$work"/counted/*.o -o "$work/oid_fuzz" -lcmocka -lpthread
"$work/oid_fuzz" -max_total_time="$seconds" -max_len=2048 -timeout=10 -verbosity=1 "$work/oid" \
	"$root/tests/fuzz/corpus/oid" 2>&1 | tail -n 3
