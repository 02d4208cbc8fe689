#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every function that a public header declares is done: it is defined in one of
# the static libraries of the rooms kernel and ndis. All that are missing are
# listed at once.
# usage: api_complete.sh [build directory]
set -u

here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$here/build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

for room in kernel ndis; do
	library=$(find "$build/src/$room" -name '*.a' 2>/dev/null | head -n 1)
	if [ -z "$library" ]; then
		echo "api_complete: no static library in $build/src/$room; build first"
		exit 1
	fi
	# Thin archives name objects by paths from where they lie.
	nm --defined-only "$library" 2>/dev/null
done | awk 'NF == 3 && $2 ~ /[TWVBDR]/ { print $3 }' | sort -u >"$work/defined"

(cd "$here/include/ndis" && find . -name '*.h' ! -name 'pshpack*' ! -name poppack.h | sort |
	sed 's|^\./\(.*\)|#include <\1>|') >"$work/all.c"
if ! gcc -std=gnu11 -w -I "$here/include/ndis" -aux-info "$work/prototypes" \
	-fsyntax-only "$work/all.c"; then
	echo "api_complete: the headers do not compile together"
	exit 1
fi

# A line is: /* FILE:LINE:NC */ extern TYPE NAME (PARAMETERS);  where C means declared, F defined.
grep -F "$here/include/ndis/" "$work/prototypes" | grep ':[NO]C \*/' |
	sed 's|^/\* \(.*\):\([0-9]*\):[NO]C \*/ \(.*\)$|\1:\2 \3|' |
	sed -n 's|^\([^ ]*\) extern .*[ *]\([A-Za-z_][A-Za-z_0-9]*\) (.*);$|\2 \1|p' |
	sort -u -k1,1 >"$work/declared"
checked=$(wc -l <"$work/declared")
if [ "$checked" -lt 200 ]; then
	echo "api_complete: only $checked functions were found in the headers"
	exit 1
fi
awk 'NR == FNR { done[$1] = 1; next } !($1 in done)' "$work/defined" "$work/declared" >"$work/missing"
sed "s|^\([^ ]*\) $here/|api_complete: nobody does \1, declared at |" "$work/missing"
missing=$(wc -l <"$work/missing")
echo "api_complete: $checked functions declared, $missing of them not done"
[ "$missing" -eq 0 ]
