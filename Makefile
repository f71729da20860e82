# SPDX-License-Identifier: Apache-2.0
# The front door. `make demo` and `make test` do everything on a fresh Debian 12, as root or with sudo.
SHELL := /bin/bash
SUDO  := $(if $(filter 0,$(shell id -u)),,sudo)
JOBS  ?= $(shell nproc)
STAMP := build/.deps-installed

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
	@echo 'make soak             the crash test for hours (SOAK_KILLS, default 1000)'
	@echo 'make install          to PREFIX (default /usr/local)'

$(STAMP): packaging/build-deps.txt
	@mkdir -p build
	@missing=$$(for p in $$(sed 's/#.*//' $<); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q '^install ok' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing >build/apt.log || { tail -20 build/apt.log; exit 1; }; \
	fi
	@touch $@

# $(call configure,PRESET) configures once; ninja configures again by itself when a CMake file changes.
build/%/build.ninja: $(STAMP)
	@cmake --preset $* >build/cmake-$*.log || { cat build/cmake-$*.log; exit 1; }

build: build/release/build.ninja
	@ninja -C build/release -j $(JOBS) --quiet

demo: build
	@test/demo/run

run: build
	@test/demo/run --keep

test: build
	@tools/run_tests.py --build build/release

bench: build
	@bench/run_all

lint: build/release/build.ninja
	@tools/lint

test-sanitizers: build/asan/build.ninja build/tsan/build.ninja
	@ninja -C build/asan -j $(JOBS) --quiet
	@tools/run_tests.py --build build/asan --sanitizer
	@ninja -C build/tsan -j $(JOBS) --quiet tsan_tests
	@tools/run_tests.py --build build/tsan --sanitizer --label tsan

FUZZ_SECONDS ?= 600
fuzz: build/fuzz/build.ninja
	@ninja -C build/fuzz -j $(JOBS) --quiet
	@tools/run_fuzz.py --build build/fuzz --seconds $(FUZZ_SECONDS)

fuzz-smoke:
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=20

SOAK_KILLS ?= 1000
soak: build
	@PENSTOCK_CRASH_KILLS=$(SOAK_KILLS) python3 -m pytest -q test/e2e/test_crash.py

PREFIX ?= /usr/local
install: build
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
