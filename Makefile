# SPDX-License-Identifier: BSD-2-Clause
# Thin: Meson builds, the scripts do the rest. Each target does its own set-up.

BUILD ?= build

.DEFAULT_GOAL := build
.PHONY: help build run demo check conformance soak bench clean

help:
	@echo "make run      build, and run the main job on recorded office traffic"
	@echo "make demo     the same live: two QEMU guests and an outside network (root)"
	@echo "make check    all tests; the last line is 'N passed, N failed'"
	@echo "make conformance  each rule of the contract: tested, and would the test notice?"
	@echo "              (tests/conformance/README.md; GROUP=D, ID=D13,D14: only these)"
	@echo "make soak     random requests under sanitizers, ten million frames in order, fuzz targets"
	@echo "make bench    what NDIS, a filter lookup and the control path cost, in tables (bench/README.md)"
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
	@ninja -C $(BUILD) bench/ndis_bench bench/filter_bench bench/control_bench >/dev/null
	@echo "NDIS, each line for one NBL or one OID request (bench/README.md)"
	@$(BUILD)/bench/ndis_bench
	@echo
	@$(BUILD)/bench/filter_bench
	@echo
	@$(BUILD)/bench/control_bench

clean:
	rm -rf build build-clang build-sanitize out
