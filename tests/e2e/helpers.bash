# SPDX-License-Identifier: BSD-2-Clause
# Shared by the bats files here. VMQ: the program, else the one in build/. Needs jq.

bats_require_minimum_version 1.5.0

e2e=$BATS_TEST_DIRNAME
top=$(cd "$e2e/../.." && pwd)
vmq=$(realpath -m "${VMQ:-$top/build/src/cli/vmq}")

# Every test begins in a directory of its own, with the office's captures in it.
office_setup() {
	[ -x "$vmq" ] || {
		echo "no program at $vmq; set VMQ" >&2
		return 1
	}
	cd "$BATS_TEST_TMPDIR" || return
	ln -s "$top"/examples/*.pcap .
}

# A test that ended half-way may have left a run behind it.
office_teardown() {
	if [ -n "${vmq_pid:-}" ]; then
		kill -9 "$vmq_pid" 2>/dev/null || true
	fi
}

# The office with other numbers: office_config [-e SED-EXPRESSION]...
office_config() {
	sed -e '/^ *#/d' "$@" "$top/examples/office.yaml" >host.yaml
}

# vmq run CONFIG: status, result.json and errors.txt
play() {
	status=0
	timeout 20 "$vmq" run --quiet --json "$@" >result.json 2>errors.txt || status=$?
}

# The run ended well, and did what the reference says: agrees CONFIG [--endless]
agrees() {
	[ "$status" -eq 0 ] || {
		echo "status $status"
		cat errors.txt
		return 1
	}
	[ ! -s errors.txt ] || {
		echo "standard error is not empty:"
		cat errors.txt
		return 1
	}
	"$e2e/office_reference.py" "$@"
}

capture() { # FILE [OPTION...], frames on standard input
	"$e2e/make_capture.py" "$@"
}

# A value of result.json: count ports drops spoofed_mac. What is not there is 0.
count() {
	jq -rc --args 'getpath($ARGS.positional | map(tonumber? // .)) | if . == null then 0 else . end' \
		"$@" <result.json
}

is() { # VALUE SHOULD-BE WHAT
	[ "$1" = "$2" ] || {
		echo "${3:-value}: $1, should be $2"
		return 1
	}
}

# 'run'-like, with both outputs apart and never longer than 20 s.
try() {
	run --separate-stderr timeout 20 "$@"
	[ "$status" -ne 124 ] || {
		echo "still running after 20 s: $*"
		return 1
	}
}

# One line on standard error that begins with 'vmq: ' and holds each TEXT:
# one_error STATUS TEXT...
one_error() {
	local text
	is "$status" "$1" status || { echo "$stderr"; return 1; }
	shift
	is "${#stderr_lines[@]}" 1 "lines of error" || { echo "$stderr"; return 1; }
	[[ $stderr == "vmq: "* ]] || { echo "does not begin with 'vmq: ': $stderr"; return 1; }
	for text; do
		[[ $stderr == *"$text"* ]] || { echo "no \"$text\" in: $stderr"; return 1; }
	done
}

# For a run by somebody without privileges (root only): the program where anybody
# may read it, and the way to this test's directory open.
nobody_setup() {
	local daemon=${vmq%/*}/vmqd
	[ -x "$daemon" ] || daemon=${vmq%/cli/vmq}/host/vmqd
	mkdir their
	cp -L "$vmq" "$daemon" their
	chmod -R a+rX their
	# DPDK wants a place for its files, and would make one in /tmp that stays.
	install -d -m 700 -o 65534 -g 65534 run
	as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups
		env XDG_RUNTIME_DIR="$PWD/run" HOME=/nonexistent)
	chmod a+x "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" .
	for f in *.pcap; do
		cp --remove-destination "$top/examples/$f" "$f"
		chmod a+r "$f"
	done
}

# try_as_nobody CONFIG [OPTION...], in this directory
try_as_nobody() {
	try "${as_nobody[@]}" "$BATS_TEST_TMPDIR/their/vmq" run --quiet "$@"
}
