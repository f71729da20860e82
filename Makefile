# SPDX-License-Identifier: Apache-2.0
# The front door. `make demo` and `make test` do everything on a fresh Debian 12, as root or with sudo.
SHELL := /bin/bash
JOBS  ?= $(shell nproc)

.PHONY: help demo test run build bench lint test-sanitizers fuzz fuzz-smoke soak install clean
help:
	@echo 'make demo             real mail through penstockd to a simulated internet, with a summary'
	@echo 'make test             build and run every test'
	@echo 'make run              keep a daemon and a simulated internet up'
	@echo 'make build            build/release/bin/{penstockd,penstock,penstock-sim,penstock-spool}'
	@echo 'make bench            Penstock beside Postfix, and the parts alone'
	@echo 'make lint             formatting, clang-tidy, layers, headers, documentation'
	@echo 'make test-sanitizers  the tests under ASan+UBSan, shards and spool under TSan'
	@echo 'make fuzz             every fuzz target for FUZZ_SECONDS (default 600) each'
	@echo 'make fuzz-smoke       the same for 20 seconds each'
	@echo 'make soak             the crash test for hours (SOAK_KILLS, default 1000)'
	@echo 'make install          to PREFIX (default /usr/local)'

# Packages are installed once per section of the list, and again when the list changes.
$(addprefix build/.deps-,build test lint): build/.deps-%: packaging/build-deps.txt tools/install_deps
	@tools/install_deps $*
	@mkdir -p build && touch $@

# Configures once; ninja configures again by itself when a CMake file changes.
$(patsubst %,build/%/build.ninja,release asan tsan fuzz): build/%/build.ninja: | build/.deps-build
	@cmake --preset $* >build/cmake-$*.log 2>&1 || { cat build/cmake-$*.log; exit 1; }
build/asan/build.ninja build/tsan/build.ninja build/fuzz/build.ninja: | build/.deps-lint

build: build/release/build.ninja
	@ninja -C build/release -j $(JOBS) --quiet programs

demo: build
	@test/demo/run

run: build
	@test/demo/run --keep

test: build/release/build.ninja build/.deps-test
	@ninja -C build/release -j $(JOBS) --quiet
	@tools/run_tests.py --build build/release

bench: build build/.deps-test
	@bench/run_all

lint: build/release/build.ninja build/.deps-lint build/.deps-test
	@ninja -C build/release --quiet build.ninja >build/cmake-release.log || { cat build/cmake-release.log; exit 1; }
	@tools/lint

test-sanitizers: build/asan/build.ninja build/tsan/build.ninja build/.deps-test
	@ninja -C build/asan -j $(JOBS) --quiet
	@tools/run_tests.py --build build/asan --sanitizer
	@ninja -C build/tsan -j $(JOBS) --quiet tsan_tests
	@tools/run_tests.py --build build/tsan --sanitizer --label tsan

FUZZ_SECONDS ?= 600
fuzz: build/fuzz/build.ninja
	@ninja -C build/fuzz -j $(JOBS) --quiet fuzz_targets
	@tools/run_fuzz.py --build build/fuzz --seconds $(FUZZ_SECONDS)

fuzz-smoke: build/asan/build.ninja
	@ninja -C build/asan -j $(JOBS) --quiet fuzz_targets
	@tools/run_fuzz.py --build build/asan --seconds 20 --jobs $$((2 * $(JOBS)))

SOAK_KILLS ?= 1000
soak: build build/.deps-test
	@PENSTOCK_CRASH_KILLS=$(SOAK_KILLS) python3 -m pytest -q test/e2e/test_crash.py

PREFIX ?= /usr/local
install: build
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
