# SPDX-License-Identifier: GPL-2.0
#
# Everything is built below build/: several kernels live side by side.

BUILD	?= $(CURDIR)/build
PREFIX	?= /usr/local
DESTDIR	?=
KREL	?= $(shell uname -r)
KERNELS	?= 6.1 6.12
ALL_KERNELS := 6.1 6.12 7.2 7.3
CACHE	:= $(or $(SKBTRAIL_CACHE),$(or $(XDG_CACHE_HOME),/var/cache)/skbtrail)

# The headers: those of the system, else those selftests/vm/kernel fetched.
KDIR	?= $(firstword $(wildcard /lib/modules/$(KREL)/build \
		$(CACHE)/kernels/$(KREL)/usr/src/linux-headers-$(KREL)))
KMOD_SRC ?= $(CURDIR)/kmod
TOOLS_SRC ?= $(CURDIR)/tools
KMOD	:= $(BUILD)/$(KREL)/kmod
TOOLS	:= $(BUILD)/tools
VM	:= selftests/vm/vm

export SKBTRAIL_BUILD := $(BUILD)
export TESTS

.DEFAULT_GOAL := all

all: ## module for the running kernel (when its headers are here) and tool
ifneq ($(KDIR),)
all: kmod
endif
all: tools

# kbuild writes beside the sources, so each kernel gets a folder of links.
# Links to sources that went away are removed. The lock is for two virtual
# machines that start at the same time.
kmod: ## module for KREL (default: the running kernel), headers in KDIR
	@test -d '$(KMOD_SRC)' || { echo 'make: there is no folder $(KMOD_SRC)' >&2; exit 1; }
	@test -n '$(KDIR)' || { echo 'make: no headers of $(KREL), install them or name them with KDIR=' >&2; exit 1; }
	@mkdir -p '$(KMOD)'
	@flock '$(KMOD).lock' sh -ec "cp -rsf '$(KMOD_SRC)/.' '$(KMOD)/'; find '$(KMOD)' -xtype l -delete"
	@+flock '$(KMOD).lock' $(MAKE) --no-print-directory -C '$(KDIR)' M='$(KMOD)' W=1 KCFLAGS=-Werror \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules

tools: ## the command, build/tools/skbtrail
	@test -f '$(TOOLS_SRC)/Makefile' || { echo 'make: there is no $(TOOLS_SRC)/Makefile' >&2; exit 1; }
	@mkdir -p '$(TOOLS)'
	@+flock '$(TOOLS).lock' $(MAKE) --no-print-directory -C '$(TOOLS_SRC)' O='$(TOOLS)'

tools-check: tools ## the tool's own tests, on this machine
	@+flock '$(TOOLS).lock' $(MAKE) --no-print-directory -C '$(TOOLS_SRC)' O='$(TOOLS)' check

setup: ## install with apt what building and testing need
	@selftests/vm/setup

check: ## all tests, on KERNELS (6.1 6.12); TESTS=vm.sh: only these
	@selftests/vm/setup $(if $(TESTS),,--lint)
	@selftests/run $(KERNELS)

check-all: ## all tests on every kernel there is: 6.1 6.12 7.2 7.3
	@$(MAKE) --no-print-directory check KERNELS='$(ALL_KERNELS)'

check-truth: setup ## identity against the truth, 200,000 packets on each of KERNELS
	@selftests/run --truth $(KERNELS)

check-long: setup ## the same with 10,000,000; hours
	@TRUTH_PACKETS=7500 TRUTH_RUNS='$(foreach n,1 2 3 4 5 6 7 8,1 2 4)' TRUTH_LIMIT=86400 \
		selftests/run --truth $(KERNELS)

check-intree: ## build the module as a part of a kernel, and boot that
	@selftests/vm/setup --tree
	@selftests/intree

check-debug: setup ## all tests on a debug kernel, the concurrent ones on KCSAN's; long
	@selftests/run debug kcsan

bench: setup ## measure, in instructions, in a virtual machine; KERNELS: the first is taken
	@+$(MAKE) --no-print-directory -C selftests/bench O='$(BUILD)/bench'
	@mkdir -p '$(BUILD)/bench/out'
	@rc=0; $(VM) -k $(firstword $(KERNELS)) -i -t 3600 -- selftests/bench/bench || rc=1; \
	$(VM) -k $(firstword $(KERNELS)) -i -t 3600 -- selftests/bench/rewrite || rc=1; \
	for c in 1 2 4; do \
		$(VM) -k $(firstword $(KERNELS)) -c $$c -o '$(BUILD)/bench/out' -- selftests/bench/cpus || rc=1; \
	done; \
	selftests/bench/reader '$(TOOLS)/skbtrail' '$(BUILD)/bench/out' && exit $$rc

generate: ## make the uAPI header and pages from the protocol and the stage table
	@scripts/gen-protocol header Documentation/netlink/specs/skbtrail.yaml >kmod/include/uapi/linux/skbtrail.h
	@scripts/gen-protocol doc Documentation/netlink/specs/skbtrail.yaml >Documentation/netlink/skbtrail.md
	@scripts/gen-stages

stages-page: setup ## ask KERNELS what stages they offer, for Documentation/kernels.md
	@mkdir -p '$(BUILD)/stages'
	@for k in $(KERNELS); do \
		$(VM) -k "$$k" -- selftests/skbtrail/stages_here >'$(BUILD)/stages/'"$$k" && \
		selftests/skbtrail/kernels.py update Documentation/kernels.md "$$k" <'$(BUILD)/stages/'"$$k" || exit; \
	done

lint: ## checkpatch, sparse, clang, clang-tidy, shellcheck and more; any finding fails
	@selftests/vm/setup --lint
	@selftests/lint

demo: setup ## live trails of real traffic, in a virtual machine unless HOST=1
ifeq ($(HOST),1)
	@+$(MAKE) --no-print-directory all
	@PATH='$(TOOLS)':"$$PATH" selftests/demo/demo
else
	@$(VM) -- selftests/demo/demo
endif

install: all ## install into PREFIX (/usr/local) and the running kernel's modules
	@+$(MAKE) --no-print-directory -C '$(TOOLS_SRC)' O='$(TOOLS)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' install
ifneq ($(KDIR),)
	install -D -m 644 '$(KMOD)/skbtrail.ko' '$(DESTDIR)/lib/modules/$(KREL)/updates/skbtrail.ko'
	$(if $(DESTDIR),,depmod $(KREL))
endif

clean: ## remove build/
	rm -rf -- '$(BUILD)'

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='	' read -r t d; do printf '%-14s%s\n' "$$t" "$$d"; done

.PHONY: all kmod tools tools-check setup check check-all check-truth check-long check-intree check-debug bench \
	generate stages-page lint demo install clean help
