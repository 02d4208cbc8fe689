#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# exports.sh BUILD: what drivers can call is what include/ndis declares. Every function
# that a header declares and kernel or ndis defines can be seen from outside vmqd, and
# vmqd shows nothing else of its own. Declared and nowhere defined: told, by name.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "exports: $*"
	status=1
}

# gcc lists every declaration that it reads, with its file.
(cd include/ndis && find . -name '*.h' | sed 's|^\./|#include <|; s|$|>|' | sort) >"$work/all.c"
gcc -w -std=gnu11 -Iinclude/ndis -aux-info "$work/seen" -fsyntax-only "$work/all.c"
grep 'include/ndis/' "$work/seen" | grep -v '\*/ static' | grep -oP '\w+(?= \()' |
	grep -v '^OVMQ_' | sort -u >"$work/declared"
nm --defined-only -g "$build/src/kernel/libkernel.a" "$build/src/ndis/libndis.a" |
	awk '$2 ~ /[TW]/ { print $3 }' | sort -u >"$work/defined"
nm --defined-only -D "$build/src/host/vmqd" | awk '$2 ~ /[TW]/ { print $3 }' | sort -u >"$work/seen_outside"

comm -12 "$work/declared" "$work/defined" >"$work/api"
[ "$(wc -l <"$work/api")" -gt 100 ] || fail "only $(wc -l <"$work/api") functions: was $build built?"
while read -r name; do
	fail "$name is declared and defined, and drivers cannot see it: src/host/exports.list"
done < <(comm -23 "$work/api" "$work/seen_outside")
while read -r name; do
	fail "vmqd shows $name, which include/ndis does not declare"
done < <(comm -13 "$work/declared" "$work/seen_outside" | grep -E '^[A-Z]|^v[A-Z]')
missing=$(comm -23 "$work/declared" "$work/defined" | tr '\n' ' ')
[ -z "$missing" ] || fail "declared and nowhere defined: $missing"
[ $status -eq 0 ] && echo "exports: $(wc -l <"$work/api") functions, all as declared"
exit $status
