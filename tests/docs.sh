#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# docs.sh BUILD: what the documents say is so. The README's table is what the
# program prints; every test, file and folder that a document names is there.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
status=0

fail() {
	echo "docs: $*"
	status=1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n '/^    QueueID/,/^    *balances: 4379/{s/^    //;p}' README.md >"$work/said"
(cd "$work" && "$build/src/cli/vmq" run "$OLDPWD/examples/office.yaml" --quiet >printed)
# The capture's name is as the file gives it, seen from where one stands; what comes after the
# ledgers, how busy the workers were, differs from run to run.
sed -i -e "s|(capture .*office.pcap)|(capture examples/office.pcap)|" -e "/balances: 4379/q" \
	"$work/printed"
diff "$work/said" "$work/printed" >"$work/diff" ||
	fail "README.md's table is not what vmq prints: $(head -3 "$work/diff")"

# The boxes of docs/drivers.md, typed one after another in a tree like this one.
mkdir "$work/tree"
for entry in build docs examples include tests tools; do
	ln -s "$([ $entry = build ] && echo "$build" || realpath $entry)" "$work/tree/$entry"
done
sed -n '/^```sh$/,/^```$/{/^```/d;p}' docs/drivers.md >"$work/typed"
[ -s "$work/typed" ] || fail "docs/drivers.md has no commands"
(cd "$work/tree" && bash -e ../typed >../typed.out 2>&1) ||
	fail "docs/drivers.md's commands fail: $(tail -3 "$work/typed.out")"

# The measurement of docs/datapath.md, of fewer frames, where there is valgrind.
grep -q '^bench/datapath.py .*build/src/host/vmqd' docs/datapath.md ||
	fail "docs/datapath.md does not say how it was measured"
if command -v valgrind >/dev/null; then
	bench/datapath.py --frames 1000 "$build/src/host/vmqd" placed vm-to-nic >"$work/costs" 2>&1 &&
		[ "$(grep -c 'instructions for a frame' "$work/costs")" -eq 2 ] ||
		fail "bench/datapath.py fails: $(tail -3 "$work/costs")"
fi

# The two boxes of examples/README.md, the first as a daemon.
boxes=$(sed -n '/^```sh$/,/^```$/{/^```/d;p}' examples/README.md)
(
	cd "$work/tree"
	eval "exec $(head -n 1 <<<"$boxes") --quiet --time 20" >../host.out &
	host=$!
	until [ -S control.sock ] || ! kill -0 $host; do sleep 0.05; done
	bash -e <<<"$(tail -n +2 <<<"$boxes")"
	kill -s INT $host
	wait $host
) >"$work/guest.out" 2>&1 || fail "examples/README.md's commands fail: $(tail -3 "$work/guest.out")"
[ "$(grep -cE '(lent|copied)$' "$work/guest.out")" -eq 10 ] ||
	fail "examples/README.md's guest did not get ten frames: $(head -3 "$work/guest.out")"

for document in README.md docs/*.md; do
	while read -r name; do
		grep -qrE "\b$name\b" tests --include='*.c' --include='*.bats' --include='*.sh' ||
			fail "$document names a test that does not exist: $name"
	done < <(grep -oP '`\K([A-Z][0-9]+[a-z]?_\w+)(?=`)' "$document" | sort -u)
	while read -r path; do
		[ -e "$path" ] || [ -e "src/$path" ] || [ -e "docs/$path" ] ||
			fail "$document names a file that does not exist: $path"
	done < <(grep -oP '`\K[a-z_]+(/[A-Za-z_0-9.]+)+(?=`)' "$document" | grep -v '^build/' | sort -u)
done
[ $status -eq 0 ] && echo "docs: tables, tests and files are as they say"
exit $status
