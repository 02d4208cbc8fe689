#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compiles every public header alone, twice included, as C11 and as C++17, with
# gcc and with clang, and sees that a handler of another role's type does not
# compile. pshpack?.h and poppack.h, which mean something only together, are
# compiled as pairs. A compiler that is missing is named and skipped; at least
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
	for header in $(cd "$dir" && find . -name '*.h' ! -name poppack.h | sed 's|^\./||' | sort); do
		printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/alone.src"
		case $header in
		pshpack*) printf '#include <poppack.h>\n#include <poppack.h>\n' >>"$work/alone.src" ;;
		esac
		if ! "$1" -x "$2" -std="$3" -Wall -Wextra -Wundef -Werror -I "$dir" \
			-fsyntax-only "$work/alone.src" 2>"$work/errors"; then
			echo "headers_alone: $header does not compile alone with $1 -std=$3:"
			head -n 12 "$work/errors"
			failed=$((failed + 1))
		fi
		checked=$((checked + 1))
	done
}

# A handler under the role of another one: refused RULE SOURCE.
refused() {
	for compiler in gcc clang; do
		command -v "$compiler" >/dev/null 2>&1 || continue
		printf '#include <ndis.h>\n%s\n' "$2" >"$work/role.c"
		checked=$((checked + 1))
		if "$compiler" -std=c11 -Werror=incompatible-pointer-types -I "$dir" -fsyntax-only \
			"$work/role.c" 2>/dev/null; then
			echo "headers_alone: $compiler compiles what it must refuse: $1"
			failed=$((failed + 1))
		fi
	done
}

# The same with the right role, so that it is the role that was refused.
accepted() {
	for compiler in gcc clang; do
		command -v "$compiler" >/dev/null 2>&1 || continue
		printf '#include <ndis.h>\n%s\n' "$2" >"$work/role.c"
		checked=$((checked + 1))
		if ! "$compiler" -std=c11 -Werror -I "$dir" -fsyntax-only "$work/role.c"; then
			echo "headers_alone: $compiler refuses what it must compile: $1"
			failed=$((failed + 1))
		fi
	done
}

halt='VOID MyHalt(NDIS_HANDLE c, NDIS_HALT_ACTION a) { (void)c; (void)a; }'
pause='NDIS_STATUS MyPause(NDIS_HANDLE c, PNDIS_FILTER_PAUSE_PARAMETERS p) { (void)c; (void)p; return 0; }'
bind='NDIS_STATUS MyBind(NDIS_HANDLE c, NDIS_HANDLE b, PNDIS_BIND_PARAMETERS p) { (void)c; (void)b; (void)p; return 0; }'
poll='void MyPoll(void *c, NDIS_POLL_DATA *d) { (void)c; (void)d; }'
accepted "MINIPORT_HALT" "MINIPORT_HALT MyHalt; $halt"
refused "MINIPORT_HALT declared as MINIPORT_PAUSE" "MINIPORT_PAUSE MyHalt; $halt"
accepted "FILTER_PAUSE" "FILTER_PAUSE MyPause; $pause"
refused "FILTER_PAUSE declared as MINIPORT_PAUSE" "MINIPORT_PAUSE MyPause; $pause"
accepted "PROTOCOL_BIND_ADAPTER_EX" "PROTOCOL_BIND_ADAPTER_EX MyBind; $bind"
refused "PROTOCOL_BIND_ADAPTER_EX declared as FILTER_ATTACH" "FILTER_ATTACH MyBind; $bind"
accepted "NDIS_POLL" "NDIS_POLL MyPoll; $poll"
refused "NDIS_POLL declared as NDIS_SET_POLL_NOTIFICATION" "NDIS_SET_POLL_NOTIFICATION MyPoll; $poll"
accepted "HaltHandlerEx is a MINIPORT_HALT" \
	"$halt void set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m); \
	void set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m) { m->HaltHandlerEx = MyHalt; }"
refused "a MINIPORT_HALT given as PauseHandler" \
	"$halt void set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m); \
	void set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m) { m->PauseHandler = MyHalt; }"

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
