#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# build.sh DIRECTORY [MESON OPTION...]: configures once, then builds what changed.
set -euo pipefail
cd "$(dirname "$0")/.."

directory=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ -f "$directory/build.ninja" ] || meson setup "$directory" "$@" >"$log" 2>&1 || {
	cat "$log"
	exit 1
}
ninja -C "$directory" >"$log" 2>&1 || {
	cat "$log"
	exit 1
}
