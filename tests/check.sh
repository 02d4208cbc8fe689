#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# check.sh: builds with gcc, with clang and with sanitizers, and runs every test.
# A test program's own cases are counted one by one. What failed is shown; the
# last line is "N passed, N failed". Status 0 when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export VMQ=$PWD/build/src/cli/vmq

# step NAME SECONDS COMMAND...: runs it; counts the cases it reports (cmocka, TAP),
# or itself as one.
step() {
	local name=$1 seconds=$2 ok bad status start=$SECONDS
	shift 2
	timeout -k 5 "$seconds" "$@" >"$log" 2>&1 </dev/null
	status=$?
	ok=$(grep -acE '^(\[       OK \]|ok )' "$log")
	bad=$(grep -aoE '^(\[  FAILED  \] [A-Za-z_]\w*|not ok [0-9]+)' "$log" | sort -u | wc -l)
	[ $status -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	[ $status -eq 0 ] && [ "$ok" -eq 0 ] && ok=1
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ $status -eq 0 ]; then
		printf '%-44s %4d passed  %3ds\n' "$name" "$ok" $((SECONDS - start))
		grep -aE 'SKIPPED' "$log" | head -3
	else
		printf '%-44s %4d FAILED  %3ds (status %d)\n' "$name" "$bad" $((SECONDS - start)) $status
		grep -aE 'FAILED|not ok|rror|Assert|SUMMARY|rooms:' "$log" | head -25
		tail -n 25 "$log"
	fi
	return $status
}

# programs BUILD SUITE...: every test program of those suites.
programs() {
	local build=$1 suite=$2 name command
	while IFS=$'\t' read -r name command; do
		step "$build: $name" 300 $command
	done < <(meson introspect --tests "$build" | jq -r --arg s "openvmq:$suite" \
		'.[] | select(.suite | index($s)) | "\(.name)\t\(.cmd | join(" "))"' | sort)
}

step "build with gcc" 900 tools/build.sh build || exit 1
step "build with clang" 900 env CC=clang tools/build.sh build-clang || exit 1
step "build with sanitizers" 900 tools/build.sh build-sanitize \
	-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized || exit 1

step "who may know whom" 120 tests/rooms.sh build
step "headers compile alone, C and C++" 300 tests/headers_alone.sh
step "documents against the program" 60 tests/docs.sh build
programs build unit
programs build contract
programs build-sanitize unit
programs build-sanitize contract
programs build e2e
for file in tests/e2e/*.bats; do
	step "${file#tests/e2e/}" 300 bats --tap "$file"
done
step "a real guest on vhost-user" 240 tests/e2e/vmport_vhost_test.sh build/tests/e2e/vmport_driver
step "fuzzing, a few seconds" 120 tests/fuzz/run.sh 10
step "office traffic under sanitizers" 120 build-sanitize/src/cli/vmq run examples/office.yaml --quiet

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
