# Makefile - builds and runs Purse. `make up` runs it, `make test` tests it, `make help` says the rest.
#
# One non-recursive file. MODE=san builds everything again under AddressSanitizer and UBSan in build/san.

MODE ?=
V ?=
BUILD := build$(if $(MODE),/$(MODE))
CC ?= cc
CFLAGS ?= -O2 -g
PKGS := libpq libsodium libcrypto jansson libjwt libcurl librabbitmq

WARN := -Wall -Wextra -Wno-missing-field-initializers -Wswitch-enum -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
# What the compiler and the linker can do against a fault that is used on purpose; tests/ops reads each program for it.
HARDEN := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LINK := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine)),)
HARDEN += -fcf-protection=full
endif
# The version is the API's.
VERSION := $(shell sed -n 's/^  version: //p' web/openapi.yaml)
FLAGS := -std=c11 -D_GNU_SOURCE -DPURSE_VERSION='"$(VERSION)"' -pthread -I. -include common/base/banned.h $(WARN) $(HARDEN)
ifeq ($(MODE),san)
FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE
endif
ifeq ($(MODE),tsan)
FLAGS += -fsanitize=thread -fno-omit-frame-pointer -U_FORTIFY_SOURCE
endif
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
LIBS = $(shell pkg-config --libs $(PKGS)) -lfcgi

# V=1 shows the commands; without it, a word and the file.
Q := $(if $(V),,@)
say = @printf '  %-3s %s\n' '$(1)' '$(2)'

programs = $(shell sed -n 's/^$(1) //p' tools/programs)
HANDLERS := $(call programs,handler)
CONSUMERS := $(call programs,consumer)
PROGRAMS := $(HANDLERS) $(CONSUMERS) $(call programs,tool) $(call programs,part)

# The rooms, a static library each, in the order of the floors: a room uses only those behind it (tools/lint says so).
ROOMS := domain/statement domain/ledger domain/identity common/outbox common/amqp common/http common/db common/base

OBJ = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
room = $(BUILD)/lib/$(subst /,_,$(1)).a
ROOM_LIBS := $(foreach r,$(ROOMS),$(call room,$(r)))

SRC_purse := $(wildcard tools/*.c)
$(foreach h,$(HANDLERS),$(eval SRC_$(h) := $(wildcard handlers/$(h)/*.c)))
$(foreach p,$(call programs,part),$(eval SRC_$(p) := $(wildcard tools/$(p)/*.c)))
$(foreach c,$(CONSUMERS),$(eval SRC_$(c) := consumers/$(c).c))

.PHONY: all help unit clean
all: $(addprefix $(BUILD)/,$(PROGRAMS))

help: ## say what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(FLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define ROOM
$(call room,$(1)): $(call OBJ,$(wildcard $(1)/*.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call ROOM,$(r))))

define PROGRAM
$(BUILD)/$(1): $(call OBJ,$(SRC_$(1))) $(ROOM_LIBS)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(HARDEN_LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call PROGRAM,$(p))))

# Unit tests: a program each; a test may include the .c file that it tests.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
define UNIT_PROGRAM
$(BUILD)/tests/unit/$(1): $(call OBJ,tests/unit/$(1).c) $(ROOM_LIBS)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(HARDEN_LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
endef
$(foreach t,$(UNIT),$(eval $(call UNIT_PROGRAM,$(t))))
# A client of RabbitMQ for tests/events.
$(BUILD)/tests/probe: $(call OBJ,tests/events/probe.c) $(ROOM_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)
# What the bats files call HTTP with.
$(BUILD)/tests/caller: $(call OBJ,tests/lib/caller.c)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libcurl)
unit: $(addprefix $(BUILD)/tests/unit/,$(UNIT)) $(BUILD)/tests/probe $(BUILD)/tests/caller ## build the unit tests

clean: ## remove what was built
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- running ---
.PHONY: install up down clean-data status logs env test test-stop lint package-cgi

install: ## install the Debian packages that are missing
	@tools/install run

# Installing comes before building, and what is built decides what runs: so make is called again in between.
# It compiles on all processors, unless -j was given.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
up: install ## install, build and start everything, and say where it is
	@$(MAKE) --no-print-directory $(JOBS) all
	@BUILD=$(BUILD) tools/up

down: ## stop everything; the data stays
	@tools/down

clean-data: ## remove all data, after asking (YES=1: without)
	@tools/clean-data

status: ## say what runs
	@tools/status

logs: ## follow the logs
	@tools/logs

env: ## print the addresses of what runs as shell assignments
	@tools/env

test: ## run all tests on servers of their own (SUITE=api: only that one, servers stay; MODE=san: with sanitizers)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all unit
	@BUILD=$(BUILD) tests/run $(SUITE)

test-stop: ## remove the servers that "make test SUITE=..." left
	@BUILD=$(BUILD) tests/run --stop

lint: ## read all sources for mistakes
	@tools/install run test
	@tools/lint

# --- measuring ---
.PHONY: bench
BENCH_FLOORS := $(addprefix $(BUILD)/bench/floor_,responder argon2)

bench: ## measure the system beside its floors, on servers of its own (BENCH_MODE=full: longer; see bench/README.md)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_FLOORS)
	@BUILD=$(BUILD) bench/run

$(BUILD)/bench/floor_%: bench/floor/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(PKG_CFLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $< $(LIBS)

$(BUILD)/bench/counts: $(call OBJ,bench/counts.c) $(ROOM_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# --- shipping ---
package-cgi: all ## make build/purse-cgi.tar.gz for shared hosting (see deploy/cgi/README)
	@BUILD=$(BUILD) tools/package-cgi
