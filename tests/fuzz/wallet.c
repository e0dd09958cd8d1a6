/* wallet.c - fuzzes the Wallet service: each request of its routes, up to the database. Here the
 * ledger accepts every operation, so its response shows what was read. */
#include <stdlib.h>
#include <string.h>

#include "common/base/visible.h"
#include "tests/fuzz/http.h"

#define main wallet_main
int wallet_main(int argc, char **argv);
#include "handlers/wallet/main.c"
#undef main

/* The last operation that was posted. */
static unsigned char fingerprint[LEDGER_FINGERPRINT];
static bool posted;

/* ---- in place of the ledger ---- */

static void
operation_check(const struct operation *op)
{
	CHECK(op->key == NULL || key_is_valid(op->key), "%s", op->key);
	CHECK(op->has_owner, "whose?");
	CHECK(!op->has_amount || (op->amount.minor >= 1 && op->amount.minor <= MONEY_MAX), "%lld",
		(long long)op->amount.minor);
	CHECK(op->merchant == NULL || !text_has_controls(op->merchant), "%s", op->merchant);
	CHECK(op->description == NULL || !text_has_controls(op->description), "%s",
		op->description);
	CHECK(op->metadata == NULL || strlen(op->metadata) <= 4096, "%s", op->metadata);
}

static void
outcome_make(const struct operation *op, struct outcome *out)
{
	operation_check(op);
	memcpy(fingerprint, op->fingerprint, sizeof fingerprint);
	posted = true;
	*out = (struct outcome){ .operation = op->id,
		.transaction = { .id = op->id, .wallet = op->wallet, .owner = op->owner,
			.kind = op->kind, .amount = op->amount, .version = 1, .currency = "EUR",
			.has_reference = op->has_reference, .reference = op->reference,
			.merchant = op->merchant, .description = op->description,
			.metadata = op->metadata, .has_expires_at = op->has_expires_at,
			.expires_at = op->expires_at } };
}

struct poster *
poster_start(const char *url)
{
	(void)url;
	return NULL;
}

void
poster_stop(struct poster *p)
{
	(void)p;
}

enum error
poster_post(struct poster *p, const struct operation *op, struct arena *arena, struct outcome *out)
{
	(void)p;
	(void)arena;
	outcome_make(op, out);
	return OK;
}

enum error
ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena,
	struct outcome outcomes[], bool *is_posted)
{
	(void)pool;
	(void)ending;
	(void)arena;
	CHECK(key == NULL || key_is_valid(key->key), "%s", key->key);
	CHECK(count >= 1 && count <= LEDGER_BATCH_MAX, "%zu operations", count);
	for (size_t i = 0; i < count; i++)
		outcome_make(operations[i], &outcomes[i]);
	*is_posted = true;
	return OK;
}

/* ---- what the response says of the request ---- */

/* Absent is the same as null. */
static bool
is_same(const json_t *body, const json_t *reply, const char *name)
{
	const json_t *a = json_object_get(body, name), *b = json_object_get(reply, name);

	if (a == NULL || json_is_null(a))
		return b == NULL || json_is_null(b);
	return json_equal((json_t *)(uintptr_t)a, (json_t *)(uintptr_t)b);
}

static void
transaction_check(const struct http_call *call)
{
	static const char *const members[] = { "kind", "merchant", "description", "metadata" };
	json_t *body = fuzz_json(call->body, call->bytes, "an accepted body");

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		CHECK(is_same(body, call->reply, members[i]), "%s: %s", members[i], call->body);
	if (json_object_get(body, "amount") != NULL)
		CHECK(json_integer_value(json_object_get(body, "amount")) ==
			json_integer_value(json_object_get(call->reply, "amount")), "%s",
			call->body);
	json_decref(body);
}

/* The order of its members and white space change nothing about a request. */
static void
fingerprint_check(struct fuzz_input *in, struct wallet_service *state, const struct service *s,
	const struct http_call *call)
{
	json_t *body = fuzz_json(call->body, call->bytes, "an accepted body");
	char *text = json_dumps(body, JSON_SORT_KEYS | JSON_INDENT(3));
	unsigned char before[LEDGER_FINGERPRINT];
	struct http_call again = *call;

	CHECK(text != NULL, "no memory");
	memcpy(before, fingerprint, sizeof before);
	http_again(s, state, in, text, strlen(text), &again);
	CHECK(again.status == call->status, "%s: %d becomes %d", call->body, call->status,
		again.status);
	CHECK(memcmp(before, fingerprint, sizeof before) == 0, "another operation: %s", text);
	json_decref(again.reply);
	json_decref(body);
	free(text);
}

FUZZ_TARGET(wallet)
{
	static struct wallet_service state;
	struct service s = wallet;
	struct http_call call;
	bool is_post;

	s.identify = http_identify;
	posted = false;
	http_run(&s, &state, in, &call);
	is_post = strcmp(call.path, "/v1/transactions") == 0 && strcmp(call.method, "POST") == 0;
	if (is_post && (call.status == 201 || call.status == 200)) {
		CHECK(posted, "%d without a posting", call.status);
		transaction_check(&call);
		fingerprint_check(in, &state, &s, &call);
	}
	CHECK(is_post || !posted || strcmp(call.path, "/v1/transactions/batch") == 0, "%s %s posts",
		call.method, call.path);
	json_decref(call.reply);
}
