# Pollux: plain make. `make help` lists what there is. V=1 shows the commands, CC=clang picks the compiler,
# BUILD=release|debug|asan|tsan picks the build folder.

BUILD ?= release
CC ?= cc
O := build/$(BUILD)$(if $(filter clang%,$(notdir $(CC))),-clang)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wno-sign-conversion
CPPFLAGS_ALL := -D_GNU_SOURCE $(CPPFLAGS)
CFLAGS_release := -O3 -g
CFLAGS_debug := -Og -g -DPOLLUX_DEBUG
CFLAGS_asan := -O1 -g -DPOLLUX_DEBUG -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_ALL := -std=gnu17 -fno-strict-aliasing $(WARN) $(if $(WERROR),-Werror) $(CFLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_ALL := $(filter -fsanitize=%,$(CFLAGS_$(BUILD))) $(LDFLAGS)
LIBS := -lnuma -lpthread

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

LIB_SOURCES := $(wildcard vfio/*.c mempool/*.c driver/*.c driver/*/*.c)
MODEL_SOURCES := $(filter-out tests/model/pollux-%,$(wildcard tests/model/*.c))
MODEL_PROGRAMS := $(patsubst tests/model/%.c,%,$(wildcard tests/model/pollux-*.c))
APP_PROGRAMS := $(patsubst apps/%.c,pollux-%,$(filter-out apps/app%,$(wildcard apps/*.c)))
APP_SOURCES := $(wildcard apps/app*.c)
TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
BENCH_SOURCES := $(wildcard tests/bench/*.c)

objects = $(patsubst %.c,$(O)/%.o,$(1))
LIB := $(O)/libpollux.a
MODEL_LIB := $(O)/libmodel.a

.PHONY: all tests help clean
.DEFAULT_GOAL := all
.SECONDARY:

all: $(LIB) $(addprefix $(O)/,$(APP_PROGRAMS) $(MODEL_PROGRAMS)) ## build the library, the applications and the software 82599
tests: $(addprefix $(O)/,$(TESTS)) ## build the unit tests

$(LIB): $(call objects,$(LIB_SOURCES))
$(MODEL_LIB): $(call objects,$(MODEL_SOURCES))
$(O)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/pollux-%: $(O)/apps/%.o $(call objects,$(APP_SOURCES)) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(addprefix $(O)/,$(MODEL_PROGRAMS)): $(O)/%: $(O)/tests/model/%.o $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(O)/test_%: $(O)/tests/unit/test_%.o $(call objects,$(wildcard tests/unit/unit*.c)) $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap -lcunit

$(O)/bench: $(call objects,$(BENCH_SOURCES)) $(MODEL_LIB) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lpcap

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(dir $@) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'

clean: ## remove everything built
	rm -rf build
