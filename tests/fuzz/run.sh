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
read -ra flags <<<"$(pkg-config --cflags --libs libfyaml)"
clang -g -O1 -std=gnu11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -I"$root/src" \
	"$root/tests/fuzz/config_fuzz.c" "$root"/src/host/config*.c "$root/src/base/error.c" \
	-o "$work/config_fuzz" "${flags[@]}"
mkdir "$work/found"
"$work/config_fuzz" -max_total_time="$seconds" -max_len=16384 -timeout=10 -verbosity=1 \
	"$work/found" "$root/tests/fuzz/corpus/config" 2>&1 | tail -n 3
