# SPDX-License-Identifier: BSD-2-Clause
# Thin: Meson builds, the scripts do the rest. Each target does its own set-up.

BUILD ?= build

.DEFAULT_GOAL := build
.PHONY: help build run demo check conformance soak bench bench-full bench-compare bench-parts \
	perf-guard clean

help:
	@echo "make run      build, and run the main job on recorded office traffic"
	@echo "make demo     the same live: two QEMU guests and an outside network (root)"
	@echo "make check    all tests; the last line is 'N passed, N failed'"
	@echo "make conformance  each rule of the contract: tested, and would the test notice?"
	@echo "              (tests/conformance/README.md; GROUP=D, ID=D13,D14: only these)"
	@echo "make soak     random requests under sanitizers, ten million frames in order, fuzz targets"
	@echo "make bench    beside Open vSwitch and testpmd, in ten minutes (bench/README.md; CASE=name:"
	@echo "              only that; bench-full: all; bench-compare BASE=rev: another build of ours)"
	@echo "make bench-parts  what NDIS, a filter lookup, control and memory cost, in tables"
	@echo "make perf-guard   does a frame cost more instructions than bench/guard.json records?"
	@echo "make build    build/src/cli/vmq and build/src/host/vmqd"
	@echo "make clean    remove what was built"

build:
	@tools/packages.sh build
	@tools/build.sh $(BUILD)

run: build
	@$(BUILD)/src/cli/vmq run examples/office.yaml

demo: build
	@tools/packages.sh demo
	@tools/demo.sh $(BUILD)

check:
	@tools/packages.sh build check
	@tests/check.sh

conformance:
	@tools/packages.sh build check
	@tests/conformance/conformance.py --id "$(ID)" --group "$(GROUP)" --fault "$(FAULT)"

soak:
	@tools/packages.sh build check
	@tests/soak.sh

bench: build
	@tools/packages.sh bench
	@ninja -C $(BUILD) bench/traffic/traffic >/dev/null
	@bench/side/run.py --build $(BUILD) $(CASE)

bench-full: build
	@tools/packages.sh bench
	@ninja -C $(BUILD) bench/traffic/traffic >/dev/null
	@bench/side/run.py --build $(BUILD) --full $(CASE)

bench-compare: build
	@tools/packages.sh bench
	@ninja -C $(BUILD) bench/traffic/traffic >/dev/null
	@bench/side/compare.sh $(BUILD) "$(BASE)" $(CASE)

perf-guard: build
	@tools/packages.sh build check
	@bench/guard.py $(BUILD)/src/host/vmqd

bench-parts: build
	@ninja -C $(BUILD) bench/ndis_bench bench/filter_bench bench/control_bench \
		bench/memory_bench >/dev/null
	@echo "NDIS, each line for one NBL or one OID request (bench/README.md)"
	@$(BUILD)/bench/ndis_bench
	@echo
	@$(BUILD)/bench/filter_bench
	@echo
	@$(BUILD)/bench/control_bench
	@echo
	@$(BUILD)/bench/memory_bench

clean:
	rm -rf build build-clang build-sanitize out
