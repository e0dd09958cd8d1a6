/* counts.c - calls the pure parts of the hot paths many times, so that callgrind can count their
 * instructions.
 *
 *   counts PART TIMES       PART: operation, token, reply, event, csv
 *
 * tests/counts runs each part twice under callgrind with different TIMES. The difference is the
 * cost of the calls, without the start of the program. Nothing here reads a clock, a file or a
 * socket. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/random.h"
#include "domain/identity/cache.h"
#include "domain/ledger/facts.h"
#include "domain/ledger/operation.h"
#include "domain/statement/format.h"

static const char body[] =
	"{\"wallet_id\":\"00000001-0000-7000-8000-000000000000\",\"kind\":\"purchase\","
	"\"merchant\":\"Corner Shop\",\"description\":\"Bread and milk\",\"amount\":2500,"
	"\"metadata\":{\"till\":3,\"receipt\":\"A-17\"}}";
/* As long as an access token. */
static char token[480];
static struct arena *arena;
static struct cache *cache;
static struct text text;

static struct transaction
transaction_of(const struct operation *op)
{
	return (struct transaction){ .id = op->id,
		.wallet = op->wallet,
		.owner = op->wallet,
		.kind = op->kind,
		.amount.minor = -op->amount.minor,
		.balance_after.minor = 97500,
		.version = 12,
		.currency = "EUR",
		.merchant = op->merchant,
		.description = op->description,
		.metadata = op->metadata,
		.created_at = 1700000000123456 };
}

/* Parses the body of a posting, reads it into an operation, and takes its fingerprint. */
static bool
operation_parse(struct operation *op)
{
	json_t *data = json_loadb(body, sizeof body - 1, JSON_REJECT_DUPLICATES, NULL);
	struct json_sent sent = { data, { body, body + sizeof body - 1 } };
	struct faults faults = { 0 };

	*op = (struct operation){ 0 };
	if (data == NULL || operation_read(&sent, ORIGIN_REQUEST, "", arena, op, &faults) != OK)
		return false;
	operation_fingerprint(op);
	return true;
}

static bool
part_operation(void)
{
	struct operation op;

	return operation_parse(&op);
}

/* The cost of a cached token: its hash and the cache lookup. */
static bool
part_token(void)
{
	unsigned char key[CACHE_KEY];
	struct cached_identity found;

	cache_key(token, sizeof token, key);
	return cache_get(cache, key, &found);
}

/* The answer to a posting: from the ledger's row to JSON text. Filling the posting takes only a few
 * copies. */
static bool
part_reply(void)
{
	static struct operation op;
	struct transaction t;

	op.merchant = "Corner Shop";
	op.kind = KIND_PURCHASE;
	t = transaction_of(&op);
	text_clear(&text);
	transaction_write(&text, &t, false);
	return text_end(&text) != NULL;
}

static bool
part_event(void)
{
	static struct operation op;
	struct transaction t;
	size_t bytes;
	char *event;

	op.merchant = "Corner Shop";
	op.kind = KIND_PURCHASE;
	t = transaction_of(&op);
	event = fact_created(&t, &bytes);
	free(event);
	return event != NULL;
}

static bool
part_csv(void)
{
	static const struct line line = { .version = 12,
		.amount = -2500,
		.balance_after = 97500,
		.id = "00000001-0000-7000-8000-000000000000",
		.kind = "purchase",
		.merchant = "Corner Shop",
		.description = "Bread \"and\" milk",
		.created_at = "2025-01-01T00:00:00.000000Z" };

	text_clear(&text);
	formats[FORMAT_CSV].line(&text, &line, false);
	return !text.failed;
}

static const struct {
	const char *name;
	bool (*call)(void);
} parts[] = { { "operation", part_operation }, { "token", part_token }, { "reply", part_reply },
	{ "event", part_event }, { "csv", part_csv } };

static bool
begin(void)
{
	unsigned char key[CACHE_KEY];

	random_fix(1);
	memset(token, 'a', sizeof token);
	cache_key(token, sizeof token, key);
	if ((cache = cache_new(64)) == NULL || (arena = arena_new(1024 * 1024)) == NULL)
		return false;
	cache_put(cache, cache_mark(cache), key, &(struct cached_identity){ .until = INT64_MAX });
	return true;
}

int
main(int argc, char **argv)
{
	long times = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (times < 1 || strcmp(parts[i].name, argv[1]) != 0)
			continue;
		if (!begin())
			return 1;
		for (; times > 0; times--) {
			bool done;

			arena_enter(arena);
			done = parts[i].call();
			arena_leave();
			arena_reset(arena);
			if (!done) {
				fprintf(stderr, "the part %s failed\n", argv[1]);
				return 1;
			}
		}
		return 0;
	}
	fprintf(stderr, "usage: counts operation|token|reply|event|csv TIMES\n");
	return 2;
}
