#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# soak.sh [REQUESTS [SECONDS]]: random requests against the model of NDIS's part of VMQ under
# sanitizers (1,000,000), from another beginning every time, ten million frames in flows while
# queues move, and every fuzz target for so long (60). A failure says how to repeat it.
set -euo pipefail
cd "$(dirname "$0")/.."
requests=${1:-1000000}
seconds=${2:-60}

export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export MALLOC_PERTURB_=165
export OVMQ_VERIFIER=abort

tools/build.sh build-sanitize \
	-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
seed=${MODEL_SEED:-$(date +%s%N)}
echo "$requests random requests, MODEL_SEED=$seed"
MODEL_SEED=$seed MODEL_ROUNDS=$requests build-sanitize/tests/contract/contract_receive_filter_model
echo "ten million frames, whose order within each flow holds while queues move"
tools/build.sh build
FRAMES=10000000 SECONDS_FOR_THEM=240 OVMQ_VERIFIER=off VMQ=$PWD/build/src/cli/vmq bats tests/e2e/flow_order.bats
echo "fuzz targets, $seconds seconds each"
tests/fuzz/run.sh "$seconds"
