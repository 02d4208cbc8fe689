#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# compare.sh BUILD REVISION [CASE...]: builds the revision in a worktree of its own, and measures
# BUILD against it, slice by slice.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$1 revision=${2:-}
shift 2
[ -n "$revision" ] || {
	echo "against which revision? make bench-compare BASE=HEAD~1" >&2
	exit 2
}
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || {
	echo "git knows no revision $revision" >&2
	exit 2
}
tree=$PWD/out/base/${commit:0:12}
if [ ! -d "$tree" ]; then
	git worktree prune
	git worktree add --quiet --detach "$tree" "$commit"
fi
(cd "$tree" && tools/build.sh build)
[ $# -gt 0 ] || set -- nic-to-vm/60 nic-to-vm/imix vm-to-vm/60 vm-to-nic/60 nic-to-vm-and-back/60
bench/side/run.py --build "$build" --base "$tree/build" --out out/bench-compare "$@"
