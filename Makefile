# Pollux: plain make. `make help` lists what there is. V=1 shows the commands, CC=clang picks the compiler,
# BUILD=release|debug|asan|tsan|coverage|fuzz picks the build folder; fuzz needs CC=clang.

VERSION := 1.1.0

BUILDS := release debug asan tsan coverage fuzz
BUILD ?= release
$(if $(filter $(BUILDS),$(BUILD)),,$(error BUILD=$(BUILD): one of $(BUILDS) is wanted))
CC ?= cc
OBJCOPY ?= objcopy
O := build/$(BUILD)$(if $(filter clang%,$(notdir $(CC))),-clang)

# linux/vfio.h has structures that end with an array of no length, which others hold with the entries behind them
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wno-sign-conversion \
	-Wno-gnu-variable-sized-type-not-at-end
CPPFLAGS_ALL := -D_GNU_SOURCE -DPOLLUX_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_release := -O3 -g
CFLAGS_debug := -Og -g -DPOLLUX_DEBUG
SANITIZED := -O1 -g -DPOLLUX_DEBUG -fno-omit-frame-pointer -fno-sanitize-recover=undefined
CFLAGS_asan := $(SANITIZED) -fsanitize=address,undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_coverage := -Og -g --coverage -fprofile-update=atomic
CFLAGS_fuzz := $(SANITIZED) -fsanitize=fuzzer-no-link,address,undefined
CFLAGS_ALL := -std=gnu17 -fno-strict-aliasing $(WARN) $(if $(WERROR),-Werror) $(CFLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_ALL := $(filter -fsanitize=% --coverage,$(CFLAGS_$(BUILD))) $(LDFLAGS)
SHELL := /bin/bash
# what the library needs, and what programs do that name PCI devices
LIBS := -lnuma -lpthread
PROGRAM_LIBS := $(LIBS) -lpci

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

LIB_SOURCES := $(wildcard vfio/*.c vfio/*/*.c mempool/*.c driver/*.c driver/*/*.c driver/*/*/*.c)
MODEL_SOURCES := $(filter-out tests/model/pollux-%,$(wildcard tests/model/*.c tests/model/*/*.c))
QTEST_SOURCES := $(wildcard tests/qtest/*.c)
MODEL_PROGRAMS := $(patsubst tests/model/%.c,%,$(wildcard tests/model/pollux-*.c))
# apps/gen.c is pollux-gen, apps/gen_*.c are its other files; of app_*.c each program has those that it uses
APP_PROGRAMS := $(patsubst apps/%.c,pollux-%,$(filter-out $(wildcard apps/*_*.c),$(wildcard apps/*.c)))
APP_SOURCES := $(wildcard apps/app_*.c)
# the generator's parts, of which pollux-rfc2544 has those that it uses
GEN_SOURCES := $(wildcard apps/gen_*.c)
# what guests run beside our applications; each with the other files of its folder
GUEST_PROGRAMS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/guest-*.c))
GUEST_SOURCES := $(filter-out tests/guest/guest-%,$(wildcard tests/guest/*.c))
TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_SOURCES := $(filter-out tests/bench/dpdk%,$(wildcard tests/bench/*.c))
# what tests/preload/run loads into other people's programs: position-independent, and never with a sanitizer's runtime
PRELOAD := $(O)/libpollux-preload.so
PRELOAD_SOURCES := $(filter-out tests/preload/probe.c,$(wildcard tests/preload/*.c)) vfio/user/channel.c vfio/error.c

comma := ,
space := $(subst ,, )
objects = $(patsubst %.c,$(O)/%.o,$(1))
# all of the library, for our own programs; others get libpollux.a, which shows what the public headers declare and
# nothing else
LIB := $(O)/libinternal.a
PUBLIC_LIB := $(O)/libpollux.a
PUBLIC_HEADERS := driver/nic.h driver/pipe.h driver/pipe_inline.h mempool/pkt.h mempool/pkt_flags.h vfio/api.h \
	vfio/space.h
APP_LIB := $(O)/libapp.a
GEN_LIB := $(O)/libgen.a
MODEL_LIB := $(O)/libmodel.a
QTEST_LIB := $(O)/libqtest.a

# libpcap is some programs' affair: without it all others are built, and make says which are not
PCAP_PROGRAMS := pollux-dump pollux-gen pollux-rfc2544 $(MODEL_PROGRAMS)
PROGRAMS := $(APP_PROGRAMS) $(MODEL_PROGRAMS)
WITHOUT_PCAP := $(if $(shell tests/need.sh has pcap/pcap.h $(CC) $(CPPFLAGS)),,$(PCAP_PROGRAMS))
# and libmicrohttpd one program's
HTTP_PROGRAMS := pollux-stats
WITHOUT_HTTP := $(if $(shell tests/need.sh has microhttpd.h $(CC) $(CPPFLAGS)),,$(HTTP_PROGRAMS))
BUILT_PROGRAMS := $(filter-out $(WITHOUT_PCAP) $(WITHOUT_HTTP),$(PROGRAMS))

# The comparison's programs, and what some need that no other has: where that is missing the others are built. Looked
# for only when a target of the comparison is asked for.
COMPARE_PROGRAMS := $(patsubst tests/compare/%.c,%,$(wildcard tests/compare/echo-*.c tests/compare/compare-*.c))
WANTS_echo-io-uring := liburing.h
WANTS_echo-xsk := xdp/xsk.h bpf/bpf.h clang
WANTS_echo-xdp := bpf/libbpf.h clang
WANTS_compare-verdicts := $(WANTS_echo-xdp)
WANTS_echo-rdma := infiniband/verbs.h
WANTS_echo-dpdk := libdpdk.pc
LIBS_echo-io-uring := -luring
LIBS_echo-xsk := -lxdp -lbpf
LIBS_echo-xdp := -lbpf
LIBS_echo-rdma := -libverbs
# both load BPF programs
PARTS_echo-xsk := echo_bpf.o echo_xdp.bpf.embedded.o
PARTS_echo-xdp := $(PARTS_echo-xsk)
# both open Pollux's port
PARTS_echo-pollux := echo_nic.o
PARTS_echo-pipe := $(PARTS_echo-pollux)
# its drivers too, which only their constructors name: so it needs no plug-ins
LIBS_echo-dpdk := -Wl,--no-as-needed $(patsubst %,-lrte_%,eal ethdev mbuf mempool mempool_ring bus_pci net_ixgbe \
	net_e1000)
missing_of = $(strip $(foreach what,$(WANTS_$(1)),$(if $(shell tests/need.sh has $(what) $(CC) $(CPPFLAGS)),,$(what))))
COMPARE_WITHOUT := $(if $(filter compare%,$(MAKECMDGOALS)),$(foreach program,$(COMPARE_PROGRAMS), \
	$(if $(call missing_of,$(program)),$(program))))

.PHONY: all tests replays fuzzers demo check check-full check-hosts judge-linux soak fuzz coverage bench \
	bench-compare guest bench-guest bench-quick man install uninstall lint format help clean distclean \
	without-pcap without-http compare compare-programs compare-deps changed
.DEFAULT_GOAL := all
.SECONDARY:

all: $(PUBLIC_LIB) $(PRELOAD) $(O)/preload-probe ## build the library, the applications and the software 82599
all: $(addprefix $(O)/,$(BUILT_PROGRAMS)) $(if $(WITHOUT_PCAP),without-pcap) $(if $(WITHOUT_HTTP),without-http)
tests: $(addprefix $(O)/,$(TESTS) $(GUEST_PROGRAMS)) ## build the unit tests
compare-programs: ## build what make compare runs
compare-programs: $(addprefix $(O)/,$(filter-out $(COMPARE_WITHOUT),$(COMPARE_PROGRAMS)))
	@$(foreach program,$(COMPARE_WITHOUT), \
		tests/need.sh without $(firstword $(call missing_of,$(program))) $(program);)
compare: ## echo over sockets, io_uring, AF_XDP, RDMA, DPDK, Pollux, in a guest; LEVEL=basic, full: without (see below)
	@[ "$${LEVEL:-}" != full ] || [ "$$(id -u)" = 0 ] || \
		{ echo 'LEVEL=full needs root; LEVEL=basic does not' && false; }
	@tests/need.sh compare
	@[ "$${LEVEL:-guest}" != guest ] || tests/need.sh guest
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all compare-programs
	@tests/compare/compare.sh build/release
compare-deps: ## which packages the comparison lacks, and how to get them; installs nothing
	@tests/need.sh compare-deps $(CC) $(CPPFLAGS)
replays: $(addprefix $(O)/,$(FUZZERS:fuzz_%=replay_%)) ## build what replays the fuzzers' inputs, without libFuzzer
fuzzers: $(addprefix $(O)/,$(FUZZERS)) ## build the fuzzers (BUILD=fuzz CC=clang)

without-pcap: $(O)/flags
	@tests/need.sh without pcap/pcap.h $(WITHOUT_PCAP)
without-http: $(O)/flags
	@tests/need.sh without microhttpd.h $(WITHOUT_HTTP)

# How all is compiled: what depends on it is built again when that changes. -Werror changes no object.
$(O)/flags: export NOW = $(CC) $(filter-out -Werror,$(CPPFLAGS_ALL) $(CFLAGS_ALL)) / $(LDFLAGS_ALL)
$(O)/flags: changed
	@tests/need.sh look $(CC) $(CPPFLAGS_ALL)
	@mkdir -p $(O) && { printf '%s\n' "$$NOW" | cmp -s - $@ || printf '%s\n' "$$NOW" >$@; }

$(LIB): $(call objects,$(LIB_SOURCES))
$(APP_LIB): $(call objects,$(APP_SOURCES))
$(GEN_LIB): $(call objects,$(GEN_SOURCES))
# with the generator's histogram, which the meter uses as well
$(MODEL_LIB): $(call objects,$(MODEL_SOURCES) apps/gen_latency.c)
$(QTEST_LIB): $(call objects,$(QTEST_SOURCES))
$(O)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# One object, whose hidden symbols are local: they cannot meet an application's own, and no shared object passes them
# on.
$(O)/libpollux.o: $(call objects,$(LIB_SOURCES))
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@
$(PUBLIC_LIB): $(O)/libpollux.o

.SECONDEXPANSION:
# each with the files that are named for it
$(addprefix $(O)/,$(APP_PROGRAMS)): $(O)/pollux-%: $(O)/apps/%.o \
		$$(call objects,$$(wildcard apps/$$*_*.c)) $$(if $$(filter rfc2544,$$*),$(GEN_LIB)) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PROGRAM_LIBS) $(if $(filter $(@F),$(PCAP_PROGRAMS)),-lpcap) \
		$(if $(filter $(@F),$(HTTP_PROGRAMS)),-lmicrohttpd)

$(addprefix $(O)/,$(MODEL_PROGRAMS)): $(O)/%: $(O)/tests/model/%.o $(MODEL_LIB) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(addprefix $(O)/,$(GUEST_PROGRAMS)): $(O)/%: $(O)/tests/guest/%.o $(call objects,$(GUEST_SOURCES)) $(MODEL_LIB) \
		$(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -Wl,--as-needed $(LIBS) -lpcap

$(O)/test_%: $(O)/tests/unit/test_%.o $(call objects,$(wildcard tests/unit/unit*.c)) \
		$(GEN_LIB) $(MODEL_LIB) $(QTEST_LIB) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PROGRAM_LIBS) -lpcap -lcunit

$(addprefix $(O)/,$(filter echo-%,$(COMPARE_PROGRAMS))): $(O)/%: $(O)/tests/compare/%.o $(O)/tests/compare/echo.o \
		$$(addprefix $(O)/tests/compare/,$$(PARTS_$$*)) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -Wl,--as-needed $(PROGRAM_LIBS) $(LIBS_$*)

# What runs inside the kernel: compiled for BPF, by clang whatever CC is, and put into the programs that load it.
BPF_CLANG ?= clang
$(O)/%.bpf.o: %.bpf.c Makefile $(O)/flags
	$(call say,BPF,$<)
	$(Q)mkdir -p $(dir $@) && $(BPF_CLANG) -target bpf -O2 -g -Wall -Wextra $(if $(WERROR),-Werror) \
		-isystem /usr/include/x86_64-linux-gnu -MMD -MP -c -o $@ $<
$(O)/%.bpf.embedded.o: $(O)/%.bpf.o
	$(Q)cd $(@D) && $(LD) -r -z noexecstack -b binary -o $(@F) $(<F)

$(O)/compare-verdicts: $(O)/tests/compare/compare-verdicts.o $(O)/tests/compare/echo_xdp.bpf.embedded.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lbpf

$(O)/compare-meter: $(call objects,tests/compare/compare-meter.c apps/gen_latency.c apps/app_tap.c \
		$(addprefix tests/model/wire/,meter.c meter_icrc.c meter_text.c text.c))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^

# they run these programs
$(O)/test_hostile: | $(O)/pollux-model
$(O)/test_meter_ends: | $(O)/compare-meter

$(O)/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/standalone.o $(GEN_LIB) $(MODEL_LIB) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(GEN_LIB) $(MODEL_LIB) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) -fsanitize=fuzzer $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(PRELOAD): $(patsubst %.c,$(O)/shared/%.o,$(PRELOAD_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) -shared -o $@ $^ -lpthread

$(O)/preload-probe: $(O)/shared/tests/preload/probe.o
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^

$(O)/shared/%.o: %.c Makefile $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) \
		$(filter-out -fsanitize=% -fno-sanitize% --coverage,$(CFLAGS_ALL)) \
		-fPIC -fvisibility=hidden -U_FORTIFY_SOURCE -MMD -MP -c -o $@ $<

$(O)/bench: $(call objects,$(BENCH_SOURCES) tests/bench/dpdk_none.c) $(GEN_LIB) $(MODEL_LIB) $(APP_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PROGRAM_LIBS) -lpcap -lm

# with DPDK's driver beside ours; its headers are not ours to warn about
$(O)/bench-dpdk: $(call objects,$(BENCH_SOURCES)) $(O)/dpdk/bench.o $(GEN_LIB) $(MODEL_LIB) $(APP_LIB) $(LIB) \
		| $(PRELOAD)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(PROGRAM_LIBS) -lpcap -lm \
		-lrte_eal -lrte_ethdev -lrte_mbuf -lrte_mempool -ldl

$(O)/dpdk/bench.o: tests/bench/dpdk.c Makefile $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) -DALLOW_EXPERIMENTAL_API \
		$(subst -I,-isystem ,$(shell pkg-config --cflags-only-I libdpdk)) \
		$(shell pkg-config --cflags-only-other libdpdk) \
		$(filter-out -Wconversion -Wshadow,$(CFLAGS_ALL)) -MMD -MP -c -o $@ $<

# what is written for an instruction set, and chosen at run time where the CPU has it
$(O)/%_avx2.o: ISA := -mavx2 -mbmi -mbmi2
$(O)/%_avx512.o: ISA := -mavx2 -mbmi -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi2

# DPDK's headers are not ours to warn about
$(O)/tests/compare/echo-dpdk.o: ISA = $(subst -I,-isystem ,$(shell pkg-config --cflags libdpdk)) \
	-Wno-conversion -Wno-shadow

# The library may become part of a shared object. Its thread-local variables are reached as in a program: else each
# would be a call. Where CFLAGS ask for link-time optimization, it still is machine code, in which symbols can be
# hidden.
$(call objects,$(LIB_SOURCES)): PIC := -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-lto

$(O)/%.o: %.c Makefile $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(PIC) $(ISA) -MMD -MP -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

demo: ## forward a real capture and then full speed through the software 82599: no card, no root
	@echo 'Pollux demo: installs what a build needs, builds, forwards a real capture from one software 82599 port'
	@echo 'to the other and compares every byte, then runs both directions at full speed for some seconds. Needs no'
	@echo 'card, no virtual machine and no root.'
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/demo.sh build/release

check: ## all tests: gcc and clang, sanitizers, the driver against the software 82599 (some ten minutes)
	@echo 'Pollux check: installs what the tests need, builds with gcc and clang, runs all tests, then again under'
	@echo 'the sanitizers.'
	@tests/need.sh check
	@tests/check.sh

check-full: check ## check, the model's judges (DPDK, Linux), our driver on vfio-pci in QEMU guests (250 MB, once)
	@tests/need.sh full
	@tests/full.sh $(GUEST_RUNS)

judge-linux: ## Linux's ixgbe judges the software cards in ten guests (40 minutes); check-full has six
	@tests/need.sh full
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all tests
	@tests/guest/linux_ixgbe.sh build/release

check-hosts: ## demo and check in new minimal trees of Debian 12, Debian 13 and Ubuntu 24.04 (TREE=debian13: that one)
	@tests/need.sh hosts
	@tests/hosts.sh $(TREE)

CARDS ?= e1000e
guest: ## a shell in a QEMU guest with four cards to try Pollux on, CARDS=e1000e, e1000, igb or ixgbe (two 82599s)
	@tests/need.sh guest
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/guest/shell.sh build/release $(CARDS)

bench-guest: ## forward and generate on QEMU's cards: Pollux, DPDK's testpmd, the kernel's bridge (ROUNDS=5; 15 min)
	@tests/need.sh full
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/guest/bench.sh build/release

# QEMU's cards that check-full drives; `make check` has e1000 and e1000e of this machine's QEMU
GUEST_RUNS := 11.1/debian12/e1000e+e1000-bridged/48/1G 11.1/debian12/igb+igb 11.1/debian13/igb+e1000e/48 \
	11.1/linux/igb+e1000e/48 host/kernel/e1000-82545em+e1000-82544gc

soak: ## MINUTES=60 of generator and forwarder at full speed while their cards hang, fail and lose links; SEED=
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all
	@tests/soak.sh build/release

FUZZ_SECONDS ?= 60
fuzz: ## fuzz server, registers, client and data path with libFuzzer, FUZZ_SECONDS=60 each
	@tests/need.sh fuzz
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=fuzz CC=clang fuzzers
	@tests/fuzz.sh build/fuzz-clang $(FUZZ_SECONDS)

coverage: ## which lines and branches the tests run, a table per room; build/coverage/html has each line (five minutes)
	@tests/need.sh coverage
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=coverage all tests
	@tests/coverage.sh build/coverage

bench-quick: ## cycles and instructions per packet, under a minute once built
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release build/release/bench
	@tests/hugepages.sh 20
	@build/release/bench

# what is measured where it can be: DPDK's driver, and the depot's exchanges
BENCH_TOO = $(if $(shell pkg-config --exists libdpdk 2>/dev/null && echo 1),build/release/bench-dpdk) \
	$(if $(wildcard /usr/include/CUnit/Basic.h),build/release/test_pool_use)
bench: ## the whole benchmark, with DPDK's driver where it is installed (some minutes); saves build/bench.json, .svg
	@tests/need.sh build
	@$(MAKE) --no-print-directory -j"$$(nproc)" BUILD=release all build/release/bench $(BENCH_TOO)
	@tests/hugepages.sh $$([ -x build/release/bench-dpdk ] && echo 164 || echo 84)
	@tests/bench/run.sh build/release --all --rounds $(or $(ROUNDS),9) --save build/bench.json --svg build/bench.svg
	@echo
	@tests/bench/run.sh build/release --latency --save build/latency.json --svg build/latency.svg
	@build/release/bench --threads --save build/threads.json
	@build/release/bench --waiting --rounds $(or $(ROUNDS),9) --save build/waiting.json
	@build/release/bench --pacing --rounds $(or $(ROUNDS),3) --save build/pacing.json
	@[ ! -x build/release/test_pool_use ] || build/release/test_pool_use | sed -n '/depot exchanges/,/^$$/p'

bench-compare: ## what make bench measured last beside an earlier run: BASE=saved.json
	@tests/bench/compare.sh "$(BASE)" build/bench.json

# Where things go. Any of it may have a space in it; recipes have these names from the environment for that reason.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export LIBDIR := $(LIBDIR)
install uninstall: export DESTDIR := $(DESTDIR)
COMPLETIONS := $$DESTDIR$$PREFIX/share/bash-completion/completions
FROM_ROOT = for name in PREFIX LIBDIR; do [[ $${!name} == /* ]] || \
	{ echo "$$name is a path from the root: not '$${!name}'" >&2; exit 1; }; done
INSTALLED := $(APP_PROGRAMS) pollux-model
HELP2MAN := $(shell command -v help2man)

MAN_PAGES := $(patsubst %,$(O)/man/%.1,$(filter $(BUILT_PROGRAMS),$(INSTALLED)))
man: $(if $(HELP2MAN),$(MAN_PAGES)) ## build the manual pages, of the programs' --help, where there is help2man
	@$(if $(HELP2MAN),,tests/need.sh without help2man 'the manual pages')
$(O)/man/%.1: $(O)/% tests/man.sh
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && tests/man.sh $< >$@.new && mv $@.new $@

install: all man ## install programs, library, headers, manual pages, completion: PREFIX=/usr/local LIBDIR= DESTDIR=
	@$(FROM_ROOT)
	$(call say,INST,"$$DESTDIR$$PREFIX")
	$(Q)install -d "$$DESTDIR$$PREFIX"/{bin,share/man/man1,include/pollux/{driver,mempool,vfio}} \
		"$$DESTDIR$$LIBDIR/pkgconfig" "$(COMPLETIONS)"
	$(Q)install $(addprefix $(O)/,$(filter $(BUILT_PROGRAMS),$(INSTALLED))) "$$DESTDIR$$PREFIX/bin"
	$(Q)install -m 644 $(PUBLIC_LIB) "$$DESTDIR$$LIBDIR"
	$(Q)for header in $(PUBLIC_HEADERS); do \
		install -m 644 $$header "$$DESTDIR$$PREFIX/include/pollux/$$header" || exit; done
	$(Q)$(if $(HELP2MAN),install -m 644 $(MAN_PAGES) "$$DESTDIR$$PREFIX/share/man/man1")
	$(Q)install -m 644 apps/completion.bash "$(COMPLETIONS)/pollux"
	$(Q)for program in $(INSTALLED); do ln -sf pollux "$(COMPLETIONS)/$$program" || exit; done
	$(Q)printf '%s\n' "prefix=$$PREFIX" "libdir=$$LIBDIR" 'includedir=$${prefix}/include' '' 'Name: Pollux' \
		"Description: user-space driver for Intel's 82599, X540, X550, 82540EM, 82574L and 82576" \
		'Version: $(VERSION)' 'Cflags: -I"$${includedir}"' 'Libs: -L"$${libdir}" -lpollux $(LIBS)' \
		>"$$DESTDIR$$LIBDIR/pkgconfig/pollux.pc"

uninstall: ## remove what make install put there, with the same PREFIX, LIBDIR and DESTDIR
	@$(FROM_ROOT)
	@[ -d "$$DESTDIR$$PREFIX" ] || \
		{ echo "There is no $$DESTDIR$$PREFIX: give the PREFIX that make install was given" >&2; exit 1; }
	$(call say,RM,"$$DESTDIR$$PREFIX")
	$(Q)cd "$$DESTDIR$$PREFIX" && \
		rm -f $(INSTALLED:%=bin/%) $(INSTALLED:%=share/man/man1/%.1) $(PUBLIC_HEADERS:%=include/pollux/%)
	$(Q)rm -f "$$DESTDIR$$LIBDIR"/{libpollux.a,pkgconfig/pollux.pc}
	$(Q)rm -f "$(COMPLETIONS)"/{pollux,$(subst $(space),$(comma),$(INSTALLED))}
	$(Q)cd "$$DESTDIR$$PREFIX" && { [ ! -d include/pollux ] || \
		rmdir --ignore-fail-on-non-empty include/pollux/{driver,mempool,vfio,}; }

lint: ## lines of code per room, the reading path, wide lines, long files, formatting
	@tests/lint.sh --format

format: ## clang-format everything
	clang-format -i $(shell git ls-files '*.c' '*.h')

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s  %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'With all of them: V=1 shows the commands; BUILD=debug, asan, tsan or coverage; CC=, CFLAGS=, CPPFLAGS=,'
	@echo 'LDFLAGS=, WERROR=1'
	@echo 'With make compare: TECHNIQUES="sockets epoll", SECONDS_EACH=2; in a guest ROUNDS=3, COSTS=0, ALL=1'
	@echo '(more sizes, loads, kernels and cards). Without a guest: LEVEL=basic needs no root; LEVEL=full does, for'
	@echo 'AF_XDP, XDP and RDMA. tests/compare/README.md has more.'

clean: ## remove everything built; what was downloaded for guests stays
	rm -rf $(filter-out build/guest,$(wildcard build/*))

distclean: ## remove that too
	rm -rf build
