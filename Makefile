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
FLAGS := -std=c11 -D_GNU_SOURCE -pthread -I. $(WARN) -fstack-protector-strong -D_FORTIFY_SOURCE=2
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

HANDLERS := auth wallet statement
CONSUMERS := outbox_relay transaction_consumer statement_consumer
PROGRAMS := $(HANDLERS) $(CONSUMERS) purse

COMMON := $(wildcard common/*.c)

OBJ = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
COMMON_LIB := $(BUILD)/libcommon.a

SRC_auth := $(wildcard handlers/auth/*.c)
SRC_wallet := $(wildcard handlers/wallet/*.c)
SRC_statement := $(wildcard handlers/statement/*.c)
SRC_outbox_relay := consumers/outbox_relay.c consumers/relay.c consumers/facts.c consumers/hold_sweep.c
SRC_transaction_consumer := consumers/transaction_consumer.c consumers/emitted.c consumers/facts.c
SRC_statement_consumer := consumers/statement_consumer.c
SRC_purse := $(wildcard tools/*.c)

# What a program or a unit test needs beside its own files: modules of the services, by name.
IDENTITY := $(addprefix handlers/auth/,identity.c cache.c tokens.c roles.c keys.c key_files.c)
USES_wallet := $(IDENTITY)
USES_statement := $(IDENTITY)
USES_purse := $(addprefix handlers/auth/,roles.c key_files.c)
USES_test_token := $(addprefix handlers/auth/,tokens.c roles.c keys.c key_files.c)
USES_test_keys := $(addprefix handlers/auth/,keys.c key_files.c)
USES_test_passwords := $(addprefix handlers/auth/,password_rules.c password_words.c)
USES_test_accounts := $(filter-out handlers/auth/main.c,$(SRC_auth))
USES_test_identity_cache := handlers/auth/cache.c
USES_outbox_relay := handlers/wallet/posting.c
USES_transaction_consumer := handlers/wallet/ledger.c handlers/wallet/operation.c handlers/wallet/posting.c
USES_test_emitted := consumers/emitted.c handlers/wallet/ledger.c handlers/wallet/operation.c handlers/wallet/posting.c
USES_test_operation := handlers/wallet/ledger.c handlers/wallet/operation.c handlers/wallet/posting.c
USES_statement_consumer := $(addprefix handlers/statement/,sql.c format.c csv.c statements.c job.c lines.c part.c job_run.c mail.c worker.c)
USES_test_statement_format := $(addprefix handlers/statement/,format.c csv.c)
USES_test_statement_lines := $(addprefix handlers/statement/,sql.c lines.c)
USES_test_statement_part := handlers/statement/part.c

.PHONY: all help unit clean
all: $(addprefix $(BUILD)/,$(PROGRAMS))

help: ## say what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(FLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON_LIB): $(call OBJ,$(COMMON))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define PROGRAM
$(BUILD)/$(1): $(call OBJ,$(sort $(SRC_$(1)) $(USES_$(1)))) $(COMMON_LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call PROGRAM,$(p))))

# Unit tests: a program each; a test includes the .c files it tests or links against the modules named in USES_.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
define UNIT_PROGRAM
$(BUILD)/tests/unit/$(1): $(call OBJ,tests/unit/$(1).c $(USES_$(1))) $(COMMON_LIB)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(FLAGS) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
endef
$(foreach t,$(UNIT),$(eval $(call UNIT_PROGRAM,$(t))))
# A client of RabbitMQ for tests/events.
$(BUILD)/tests/probe: $(call OBJ,tests/events/probe.c) $(COMMON_LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
# What the bats files call HTTP with.
$(BUILD)/tests/caller: $(call OBJ,tests/lib/caller.c)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libcurl)
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
USES_counts := handlers/wallet/ledger.c handlers/wallet/operation.c handlers/wallet/posting.c handlers/auth/cache.c consumers/facts.c \
	$(addprefix handlers/statement/,format.c csv.c)

bench: ## measure the system beside its floors, on servers of its own (BENCH_MODE=full: longer; see bench/README.md)
	@tools/install run test
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH_FLOORS)
	@BUILD=$(BUILD) bench/run

$(BUILD)/bench/floor_%: bench/floor/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(PKG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBS)

$(BUILD)/bench/counts: $(call OBJ,bench/counts.c $(USES_counts)) $(COMMON_LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
