# Pollux: plain make. `make help` lists what there is. V=1 shows the commands, CC=clang picks the compiler,
# BUILD=release|debug|asan|tsan|fuzz picks the build folder; fuzz needs CC=clang.

VERSION := 1.1.0

BUILD ?= release
CC ?= cc
O := build/$(BUILD)$(if $(filter clang%,$(notdir $(CC))),-clang)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wno-sign-conversion
CPPFLAGS_ALL := -D_GNU_SOURCE -DPOLLUX_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_release := -O3 -g
CFLAGS_debug := -Og -g -DPOLLUX_DEBUG
CFLAGS_asan := -O1 -g -DPOLLUX_DEBUG -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_fuzz := -O1 -g -DPOLLUX_DEBUG -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
CFLAGS_ALL := -std=gnu17 -fno-strict-aliasing $(WARN) $(if $(WERROR),-Werror) $(CFLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_ALL := $(filter -fsanitize=%,$(CFLAGS_$(BUILD))) $(LDFLAGS)
SHELL := /bin/bash
LIBS := -lnuma -lpci -lpthread

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

LIB_SOURCES := $(wildcard vfio/*.c mempool/*.c driver/*.c driver/*/*.c)
MODEL_SOURCES := $(filter-out tests/model/pollux-%,$(wildcard tests/model/*.c))
QTEST_SOURCES := $(wildcard tests/qtest/*.c)
MODEL_PROGRAMS := $(patsubst tests/model/%.c,%,$(wildcard tests/model/pollux-*.c))
# apps/gen.c is pollux-gen, apps/gen_*.c are its other files; app_*.c are in every application
APP_PROGRAMS := $(patsubst apps/%.c,pollux-%,$(filter-out $(wildcard apps/*_*.c),$(wildcard apps/*.c)))
APP_SOURCES := $(wildcard apps/app_*.c)
# what guests run beside our applications; each with the other files of its folder
GUEST_PROGRAMS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/guest-*.c))
GUEST_SOURCES := $(filter-out tests/guest/guest-%,$(wildcard tests/guest/*.c))
TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_SOURCES := $(filter-out tests/bench/dpdk%,$(wildcard tests/bench/*.c))
# what tests/preload/run loads into other people's programs: position-independent, and never with a sanitizer's runtime
PRELOAD := $(O)/libpollux-preload.so
PRELOAD_SOURCES := $(filter-out tests/preload/probe.c,$(wildcard tests/preload/*.c)) vfio/user_channel.c vfio/error.c

objects = $(patsubst %.c,$(O)/%.o,$(1))
LIB := $(O)/libpollux.a
MODEL_LIB := $(O)/libmodel.a
QTEST_LIB := $(O)/libqtest.a

PREFIX ?= /usr/local

.PHONY: all tests replays fuzzers demo check check-full check-hosts fuzz bench bench-compare bench-guest bench-quick install lint format help clean
.DEFAULT_GOAL := all
.SECONDARY:

all: $(LIB) $(PRELOAD) $(O)/preload-probe $(addprefix $(O)/,$(APP_PROGRAMS) $(MODEL_PROGRAMS)) ## build the library, the applications and the software 82599
tests: $(addprefix $(O)/,$(TESTS) $(GUEST_PROGRAMS)) ## build the unit tests
replays: $(addprefix $(O)/,$(FUZZERS:fuzz_%=replay_%)) ## build what replays the fuzzers' inputs, without libFuzzer
fuzzers: $(addprefix $(O)/,$(FUZZERS))

$(LIB): $(call objects,$(LIB_SOURCES))
$(MODEL_LIB): $(call objects,$(MODEL_SOURCES))
$(QTEST_LIB): $(call objects,$(QTEST_SOURCES))
$(O)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

.SECONDEXPANSION:
$(addprefix $(O)/,$(APP_PROGRAMS)): $(O)/pollux-%: $(O)/apps/%.o $$(call objects,$$(wildcard apps/$$*_*.c)) $(call objects,$(APP_SOURCES)) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(addprefix $(O)/,$(MODEL_PROGRAMS)): $(O)/%: $(O)/tests/model/%.o $(O)/apps/app_output.o $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(addprefix $(O)/,$(GUEST_PROGRAMS)): $(O)/%: $(O)/tests/guest/%.o $(call objects,$(GUEST_SOURCES)) $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -Wl,--as-needed $(LIBS) -lpcap

$(O)/test_%: $(O)/tests/unit/test_%.o $(call objects,$(wildcard tests/unit/unit*.c)) $(MODEL_LIB) $(QTEST_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap -lcunit

$(O)/test_gen: $(call objects,$(APP_SOURCES))
$(O)/test_gen: LIBS := $(LIB) $(LIBS)

# it runs that program
$(O)/test_hostile: | $(O)/pollux-model

$(O)/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/standalone.o $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) -fsanitize=fuzzer $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(PRELOAD): $(patsubst %.c,$(O)/shared/%.o,$(PRELOAD_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) -shared -o $@ $^ -lpthread

$(O)/preload-probe: $(O)/shared/tests/preload/probe.o
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^

$(O)/shared/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) $(filter-out -fsanitize=% -fno-sanitize%,$(CFLAGS_ALL)) -fPIC -fvisibility=hidden \
		-U_FORTIFY_SOURCE -MMD -MP -c -o $@ $<

$(O)/bench: $(call objects,$(BENCH_SOURCES) tests/bench/dpdk_none.c) $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap -lm

# with DPDK's driver beside ours; its headers are not ours to warn about
$(O)/bench-dpdk: $(call objects,$(BENCH_SOURCES)) $(O)/dpdk/bench.o $(MODEL_LIB) $(LIB) | $(PRELOAD)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LIBS) -lpcap -lm -lrte_eal -lrte_ethdev -lrte_mbuf -lrte_mempool -ldl

$(O)/dpdk/bench.o: tests/bench/dpdk.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) -DALLOW_EXPERIMENTAL_API $(subst -I,-isystem ,$(shell pkg-config --cflags-only-I libdpdk)) \
		$(shell pkg-config --cflags-only-other libdpdk) $(filter-out -Wconversion -Wshadow,$(CFLAGS_ALL)) -MMD -MP -c -o $@ $<

# what is written for an instruction set, and chosen at run time where the CPU has it
$(O)/%_avx2.o: ISA := -mavx2 -mbmi -mbmi2
$(O)/%_avx512.o: ISA := -mavx2 -mbmi -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi2

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(ISA) -MMD -MP -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

demo: ## forward a real capture and then full speed through the software 82599: no card, no root
	@echo 'Pollux demo: installs what a build needs, builds, forwards a real capture from one software 82599 port to the other and compares'
	@echo 'every byte, then runs both directions at full speed for some seconds. Needs no card, no virtual machine and no root.'
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/demo.sh build/release

check: ## all tests: gcc and clang, sanitizers, the driver against the software 82599 (eleven minutes)
	@echo 'Pollux check: installs what the tests need, builds with gcc and clang, runs all tests, then again under the sanitizers.'
	@tests/need.sh check
	@tests/check.sh

check-full: check ## check, the model's judges (DPDK, Linux's own ixgbe), and our driver on vfio-pci in QEMU guests (downloads 250 MB once)
	@tests/need.sh full
	@tests/full.sh $(GUEST_RUNS)

check-hosts: ## demo and check in minimal trees of Debian 12, Debian 13 and Ubuntu 24.04, each made anew (TREE=debian13: that one)
	@tests/need.sh hosts
	@tests/hosts.sh $(TREE)

bench-guest: ## forwarders and generators on QEMU's cards: Pollux, DPDK's testpmd, the kernel's bridge (ROUNDS=5; a quarter of an hour)
	@tests/need.sh full
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/guest/bench.sh build/release

# QEMU's cards that check-full drives; `make check` has e1000 and e1000e of this machine's QEMU
GUEST_RUNS := 11.1/debian12/e1000e+e1000-bridged/48/1G 11.1/debian12/igb+igb 11.1/debian13/igb+e1000e/48 11.1/linux/igb+e1000e/48

FUZZ_SECONDS ?= 60
fuzz: ## fuzz server, registers, client and data path with libFuzzer, FUZZ_SECONDS=60 each
	@tests/need.sh fuzz
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=fuzz CC=clang fuzzers
	@tests/fuzz.sh build/fuzz-clang $(FUZZ_SECONDS)

bench-quick: ## cycles and instructions per packet, under a minute once built
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release build/release/bench
	@tests/hugepages.sh 16
	@build/release/bench

bench: ## the whole benchmark, with DPDK's driver in the same rounds where it is installed (five minutes); saves build/bench.json, .svg
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all build/release/bench $(if $(shell pkg-config --exists libdpdk 2>/dev/null && echo 1),build/release/bench-dpdk) $(if $(wildcard /usr/include/CUnit/Basic.h),build/release/test_pool_use)
	@tests/hugepages.sh $$([ -x build/release/bench-dpdk ] && echo 128 || echo 64)
	@tests/bench/run.sh build/release --all --rounds $(or $(ROUNDS),9) --save build/bench.json --svg build/bench.svg
	@echo
	@tests/bench/run.sh build/release --latency --save build/latency.json --svg build/latency.svg
	@[ ! -x build/release/test_pool_use ] || build/release/test_pool_use | sed -n '/depot exchanges/,/^$$/p'

bench-compare: ## what make bench measured last beside an earlier run: BASE=saved.json
	@tests/bench/compare.sh "$(BASE)" build/bench.json

install: all ## install the applications as pollux-fwd, ... under PREFIX (/usr/local), headers and library too
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/pollux/{driver,mempool,vfio}
	install $(addprefix $(O)/,$(APP_PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib
	install -m 644 driver/nic.h driver/pipe.h $(DESTDIR)$(PREFIX)/include/pollux/driver
	install -m 644 mempool/pkt.h $(DESTDIR)$(PREFIX)/include/pollux/mempool
	install -m 644 vfio/space.h $(DESTDIR)$(PREFIX)/include/pollux/vfio

lint: ## lines of code per room, long files, formatting
	@tests/lint.sh

format: ## clang-format everything
	clang-format -i $(shell git ls-files '*.c' '*.h')

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## remove everything built
	rm -rf build
