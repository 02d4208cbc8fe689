#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compiles every public header alone, twice included, as C11 and as C++17, with
# gcc and with clang. A compiler that is missing is named and skipped; at least
# one C and one C++ compiler must be there.
# usage: headers_alone.sh [include directory]
set -u

here=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$here/include/ndis}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
checked=0

check() { # compiler language standard
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "headers_alone: SKIPPED $1: not installed"
		return
	fi
	for header in $(cd "$dir" && find . -name '*.h' | sed 's|^\./||' | sort); do
		printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/alone.src"
		if ! "$1" -x "$2" -std="$3" -Wall -Wextra -Wundef -Werror -I "$dir" \
			-fsyntax-only "$work/alone.src" 2>"$work/errors"; then
			echo "headers_alone: $header does not compile alone with $1 -std=$3:"
			head -n 12 "$work/errors"
			failed=$((failed + 1))
		fi
		checked=$((checked + 1))
	done
}

check gcc c c11
check gcc c++ c++17
check clang c c11
check clang c++ c++17

if [ "$checked" -eq 0 ]; then
	echo "headers_alone: nothing was checked: no headers in $dir or no compiler"
	exit 1
fi
echo "headers_alone: $checked compilations, $failed failed"
[ "$failed" -eq 0 ]
