# Makefile - builds and runs Purse. `make up` runs it, `make test` tests it, `make help` lists the
# rest.
#
# One non-recursive file. MODE=san builds everything with AddressSanitizer and UBSan in build/san.

MODE ?=
V ?=
COMMA := ,
BUILD := build$(if $(MODE),/$(MODE))
# Relative, so that what depends on what is recorded under the same names in every call.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
CC ?= cc
CFLAGS ?= -O2 -g
PKGS := libpq libsodium libcrypto jansson libjwt libcurl librabbitmq libutf8proc

WARN := -Wall -Wextra -Wno-missing-field-initializers -Wswitch-enum -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
# Hardening by the compiler and the linker; tests/ops/hardening.bats checks every program for it.
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
# Fuzzing: tests/fuzz under libFuzzer (fuzz), or over its corpora (replay, without optimisation,
# because it is built more often than it runs).
ifneq ($(filter fuzz replay,$(MODE)),)
CC := clang
CFLAGS := $(if $(filter fuzz,$(MODE)),-O1,-O0) -gline-tables-only
FLAGS += -fsanitize=address,undefined$(if $(filter fuzz,$(MODE)),$(COMMA)fuzzer-no-link,)
FLAGS += -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE -D__SANITIZE_ADDRESS__=1
FLAGS += $(if $(filter replay,$(MODE)),-DFUZZ_REPLAY)
# clang has warnings of its own, which are no reason not to test.
FLAGS := $(filter-out -Werror,$(FLAGS)) -w
endif
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
LIBS = $(shell pkg-config --libs $(PKGS)) -lfcgi

# V=1 shows the commands; the default is one word and the file.
Q := $(if $(V),,@)
step = @printf '  %-3s %s\n' '$(1)' '$(2)'

programs = $(shell sed -n 's/^$(1) //p' tools/programs)
HANDLERS := $(call programs,handler)
CONSUMERS := $(call programs,consumer)
PROGRAMS := $(HANDLERS) $(CONSUMERS) $(call programs,tool) $(call programs,part)

# The rooms, each a static library, in link order: a room uses only later ones (tools/style checks).
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

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call step,CC,$<)
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
	$$(call step,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(HARDEN_LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call PROGRAM,$(p))))

# Unit tests: one program each; a test can include the .c file that it tests.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
define UNIT_PROGRAM
$(BUILD)/tests/unit/$(1): $(call OBJ,tests/unit/$(1).c) $(ROOM_LIBS)
	@mkdir -p $$(@D)
	$$(call step,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(HARDEN_LINK) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
endef
$(foreach t,$(UNIT),$(eval $(call UNIT_PROGRAM,$(t))))
# A RabbitMQ client for tests/events.
$(BUILD)/tests/probe: $(call OBJ,tests/events/probe.c) $(ROOM_LIBS)
	@mkdir -p $(@D)
	$(call step,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)
# The HTTP client of the bats files.
$(BUILD)/tests/caller: $(call OBJ,tests/lib/caller.c)
	@mkdir -p $(@D)
	$(call step,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libcurl)
unit: $(addprefix $(BUILD)/tests/unit/,$(UNIT)) $(BUILD)/tests/probe $(BUILD)/tests/caller ## build the unit tests

# Fuzz targets: a program for each service, and one for all other targets. Under libFuzzer a link's
# name chooses the target.
FUZZ_SHARED := driver transport no_database
FUZZ_SERVICES := auth wallet statement
FUZZ_TEXTS := $(filter-out $(FUZZ_SHARED) $(FUZZ_SERVICES) http,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_LINK := -fsanitize=address,undefined$(if $(filter fuzz,$(MODE)),$(COMMA)fuzzer)
fuzz_objects = $(call OBJ,$(addprefix tests/fuzz/,$(addsuffix .c,$(FUZZ_SHARED) $(1))))
FUZZ_OBJ_texts := $(call fuzz_objects,$(FUZZ_TEXTS)) $(call OBJ,$(addprefix handlers/,wallet/queries.c wallet/transaction_query.c statement/statement_query.c))
$(foreach s,$(FUZZ_SERVICES),$(eval FUZZ_OBJ_$(s) := $(call fuzz_objects,http $(s)) $(filter-out %/main.o,$(call OBJ,$(SRC_$(s))))))
FUZZ_LIBS := $(filter-out %outbox.a %amqp.a,$(ROOM_LIBS))
define FUZZ_PROGRAM
$(BUILD)/fuzz_$(1): $(FUZZ_OBJ_$(1)) $(FUZZ_LIBS)
	$$(call step,LD,$$@)
	$$(Q)$$(CC) $$(FUZZ_LINK) $$(CFLAGS) -pthread -o $$@ $$^ $$(LIBS) -lm
endef
$(foreach p,texts $(FUZZ_SERVICES),$(eval $(call FUZZ_PROGRAM,$(p))))
# The links of MODE=fuzz.
FUZZ_TARGETS := $(addprefix $(BUILD)/bin/,$(filter-out planted,$(FUZZ_TEXTS)) $(FUZZ_SERVICES))
$(FUZZ_TARGETS): $(BUILD)/bin/%: | $(BUILD)/fuzz_texts
	@mkdir -p $(@D)
	@ln -sf ../fuzz_$(if $(filter $*,$(FUZZ_SERVICES)),$*,texts) $@
.PHONY: fuzz fuzz_programs fuzz_targets
fuzz_programs: $(addprefix $(BUILD)/fuzz_,texts $(FUZZ_SERVICES))
fuzz_targets: fuzz_programs $(FUZZ_TARGETS)
fuzz: ## fuzz each parser for a minute, and more with FUZZ_TIME=600 (see tests/README.md)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) MODE=fuzz fuzz_targets
	@tests/fuzz/run $(TARGETS)

clean: ## remove everything that was built
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- running ---
.PHONY: install up down clean-data status logs env test test-hosting test-schema test-fault soak test-stop lint package-cgi

install: ## install the Debian packages that are missing
	@tools/install run

# `up` calls make again because packages must be installed before anything is built, and built
# before it runs. It compiles on all processors unless -j is given.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
up: install ## install, build and start everything, then print the URLs
	@$(MAKE) --no-print-directory $(JOBS) all
	@BUILD=$(BUILD) tools/up

down: ## stop everything; the data stays
	@tools/down

clean-data: ## remove all data after confirmation (YES=1: do not ask)
	@tools/clean-data

status: ## list the services and their state
	@tools/status

logs: ## follow the logs
	@tools/logs

env: ## print the services' URLs as shell assignments
	@tools/env

test: ## run all tests on private servers (SUITE=api: only that suite, keep its servers; MODE=san: with sanitizers)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all unit
	@BUILD=$(BUILD) tests/run $(SUITE)

test-hosting: ## run the API's tests on every kind of web server of a shared host (a quarter of an hour)
	@HOSTING_FULL=1 $(MAKE) --no-print-directory test SUITE=hosting

test-schema: ## make 20,000 calls that are generated from web/openapi.yaml (CALLS, SEED; ten minutes)
	@CALLS=$${CALLS:-20000} $(MAKE) --no-print-directory test SUITE=schema

# FAULTS=1000 counts faults instead of minutes; HOLD=5: each lasts that many seconds at most; SEED=N
# repeats a run; ONLY=disk chooses kinds of fault.
test-fault: ## inject faults under load, and check that nothing is lost (FAULTS, HOLD, SEED, ONLY: see tests/README.md)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all
	@BUILD=$(BUILD) /usr/bin/python3 tests/fault/campaign/campaign.py \
		$(if $(FAULTS),--faults $(FAULTS)) $(if $(HOLD),--hold $(HOLD)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only '$(ONLY)')

soak: ## an hour of even load: memory, open files and threads must stay flat
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all
	@BUILD=$(BUILD) /usr/bin/python3 tests/fault/campaign/soak.py

test-stop: ## remove the servers that "make test SUITE=..." kept
	@BUILD=$(BUILD) tests/run --stop

lint: ## run static analysis on all sources, and check the programs' hardening
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/lint

# --- benchmarks ---
.PHONY: bench growth
BENCH_FLOORS := $(addprefix $(BUILD)/bench/floor_,responder argon2)

bench: ## compare the system with its floors, on private servers (BENCH_MODE=full: longer; see bench/README.md)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_FLOORS)
	@BUILD=$(BUILD) bench/run

growth: ## measure what each SQL statement reads in tables of 10,000 and of 1,000,000 rows (minutes)
	@$(MAKE) --no-print-directory test SUITE=growth

$(BUILD)/bench/floor_%: bench/floor/%.c
	@mkdir -p $(@D)
	$(call step,LD,$@)
	$(Q)$(CC) $(FLAGS) $(PKG_CFLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $< $(LIBS)

$(BUILD)/bench/counts: $(call OBJ,bench/counts.c) $(ROOM_LIBS)
	@mkdir -p $(@D)
	$(call step,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# --- packaging ---
package-cgi: all ## create build/purse-cgi.tar.gz for shared hosting (see deploy/cgi/README)
	@BUILD=$(BUILD) tools/package-cgi

.PHONY: sbom
sbom: all ## write build/purse.cdx.json and build/purse-test.cdx.json: what Purse is made of (CycloneDX)
	@BUILD=$(BUILD) tools/sbom
	@BUILD=$(BUILD) tools/sbom test
