#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# check.sh: builds with gcc, with clang and with sanitizers, and runs every test.
# A test program's own cases are counted one by one. What failed is shown; the
# last line is "N passed, N failed". Status 0 when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

at_a_time=2   # steps that run beside each other
started=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export ASAN_OPTIONS="${ASAN_OPTIONS:-abort_on_error=0}"
export MALLOC_PERTURB_=165   # memory that nobody has written is not zero
export VMQ=$PWD/build/src/cli/vmq
export OVMQ_VERIFIER=abort   # every rule, on every edge, in everything that runs here

# run NUMBER NAME SECONDS COMMAND...: runs it; counts the cases it reports (cmocka, TAP),
# or itself as one. Status 77: it was skipped.
run() {
	local log=$work/$1.log name=$2 seconds=$3 ok bad status start=$SECONDS
	timeout -k 5 "$seconds" "${@:4}" >"$log" 2>&1 </dev/null
	status=$?
	if [ $status -eq 77 ]; then
		printf '%-44s    - skipped: %s\n' "$name" "$(tail -n 1 "$log")"
		return 0
	fi
	ok=$(grep -aE '^(\[       OK \]|ok )' "$log" | grep -avc '# skip')
	bad=$(grep -aoE '^(\[  FAILED  \] [A-Za-z_]\w*|not ok [0-9]+)' "$log" | sort -u | wc -l)
	[ $status -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	# A test's own child that failed as it should has said so too.
	[ $status -eq 0 ] && bad=0
	[ $status -eq 0 ] && [ "$ok" -eq 0 ] && ! grep -aqE '# skip|SKIPPED' "$log" && ok=1
	echo "$ok $bad" >"$work/$1.counts"
	{
		if [ $status -eq 0 ]; then
			printf '%-44s %4d passed  %3ds\n' "$name" "$ok" $((SECONDS - start))
			grep -aE 'SKIPPED|^ok .*# skip' "$log" | head -3
		else
			printf '%-44s %4d FAILED  %3ds (status %d)\n' "$name" "$bad" $((SECONDS - start)) $status
			# Drivers' errors are many, and most of them asked for: what failed comes first.
			grep -aE '^\[  (FAILED|ERROR)|LINE   \]|TIMEOUT|not ok' "$log" | head -20
			grep -aE 'rror:|Assert|SUMMARY|rooms:' "$log" | head -10
			tail -n 40 "$log"
		fi
	} >"$work/$1.shown"
	# In one piece, whatever runs beside it.
	flock "$work" cat "$work/$1.shown"
	return $status
}

# step NAME SECONDS COMMAND...: beside others.
step() {
	while [ "$(jobs -pr | wc -l)" -ge $at_a_time ]; do
		wait -n
	done
	started=$((started + 1))   # not in the subshell: each has files of its own
	run $started "$@" &
}

# alone NAME SECONDS COMMAND...: when the others are done.
alone() {
	wait
	started=$((started + 1))
	run $started "$@"
}

# programs BUILD SUITE: the test programs of a suite, by meson, beside each other. What they
# said goes where it is counted; last what meson says, with the end of what those said that failed.
programs() {
	local status=0 said
	said=$(meson test -C "$1" --no-rebuild --num-processes $at_a_time --suite "$2" --print-errorlogs) ||
		status=$?
	grep -av '^Inherited environment' "$1/meson-logs/testlog.txt"
	[ $status -eq 0 ] || grep -avE ' (OK|SKIP) |\[ +OK \]' <<<"$said"
	return $status
}

alone "build with gcc" 900 tools/build.sh build || exit 1
# Nobody runs this one: what clang says does not depend on how well it optimizes.
alone "build with clang" 900 env CC=clang tools/build.sh build-clang -Dbuildtype=plain || exit 1
# Less optimized, and with lines but no variables for a debugger: half of the time.
alone "build with sanitizers" 900 tools/build.sh build-sanitize \
	-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dc_args=-g1 || exit 1

export -f programs
export at_a_time
for build in build build-sanitize; do
	for suite in unit contract verifier; do
		alone "$build: $suite" 400 bash -c "programs $build $suite"
	done
done
alone "build: e2e" 240 bash -c "programs build e2e"

# The long ones first, so that both lanes end together.
step "fuzzing, a few seconds" 240 tests/fuzz/run.sh 5
step "a real guest on vhost-user" 420 tests/e2e/vmport_vhost_test.sh build/tests/e2e/vmport_driver
long=(tests/e2e/{offload,office,quota,driver_cli,queue_cli,bad_input}.bats)
mapfile -t short < <(printf '%s\n' tests/e2e/*.bats | grep -vxFf <(printf '%s\n' "${long[@]}"))
for file in "${long[@]}" "${short[@]}"; do
	step "${file#tests/e2e/}" 300 bats --tap "$file"
done
step "rules, tests, planted faults" 60 tests/conformance/conformance.py --quick --build build
step "gdb's commands for NDIS" 120 tests/e2e/driver_gdb_test.sh build/src/host/vmqd
step "documents against the program" 120 tests/docs.sh build
step "headers compile alone, C and C++" 300 tests/headers_alone.sh
step "headers' numbers against mingw-w64's" 120 tests/ntddndis_oracle.sh
step "what is declared is done" 60 tests/api_complete.sh "$PWD/build"
step "what is declared can be called by drivers" 60 tests/exports.sh build
step "instructions a frame, as recorded" 300 bench/guard.py build/src/host/vmqd
step "who may know whom" 120 tests/rooms.sh build
step "office traffic under sanitizers" 120 build-sanitize/src/cli/vmq run examples/office.yaml --quiet
wait

awk '{ passed += $1; failed += $2 } END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 }' \
	"$work"/*.counts
