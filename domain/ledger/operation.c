/* operation.c - what somebody asks of the ledger: read from JSON, checked as far as that goes without the ledger. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "domain/ledger/ledger.h"

#define MERCHANT_MAX 200
#define DESCRIPTION_MAX 500
#define METADATA_MAX 4096
#define EXPIRED "must be in the future"
#define SAME_WALLET "must be another wallet"

/* By enum kind, from KIND_DEPOSIT on: an opening is not asked for this way, nor what an operator does to a wallet. */
static const char *const askable[] = { "deposit", "withdrawal", "purchase", "cancellation", "reversal", "hold",
	"capture", "release", "transfer", NULL };

/* What a kind needs and takes. */
enum need { NEVER, MAY, MUST };

static const struct rule {
	enum need amount, reference, to, expires, final;
} rules[] = {
	[KIND_DEPOSIT] = { .amount = MUST },
	[KIND_WITHDRAWAL] = { .amount = MUST },
	[KIND_PURCHASE] = { .amount = MUST },
	[KIND_CANCELLATION] = { .amount = MAY, .reference = MUST },
	[KIND_REVERSAL] = { .amount = MAY, .reference = MUST },
	[KIND_HOLD] = { .amount = MUST, .expires = MAY },
	[KIND_CAPTURE] = { .amount = MAY, .reference = MUST, .final = MAY },
	[KIND_RELEASE] = { .reference = MUST },
	[KIND_TRANSFER] = { .amount = MUST, .to = MUST },
};

struct operation
operation_zero(void)
{
	return (struct operation){ .id = uuid_v7() };
}

/* Where the faults of one operation go. */
struct reader {
	const struct operation *op;
	const char *prefix;
	struct faults *faults;
};

static enum error
fault(const struct reader *r, const char *name, const char *what)
{
	char pointer[96];

	snprintf(pointer, sizeof pointer, "%s/%s", r->prefix, name);
	return faults_add(r->faults, pointer, "%s", what);
}

static enum error
need_check(const struct reader *r, enum need need, bool there, const char *name)
{
	char what[80];

	if (need == MAY || (need == MUST) == there)
		return OK;
	snprintf(what, sizeof what, need == MUST ? "is missing: a %s needs it" : "is not for a %s",
		kind_names[r->op->kind]);
	return fault(r, name, what);
}

/* All faults at once. */
static enum error
rules_check(const struct reader *r, bool has_final)
{
	const struct operation *op = r->op;
	const struct rule *rule = &rules[op->kind];
	enum error e[] = {
		need_check(r, rule->amount, op->amount.minor != 0, "amount"),
		need_check(r, rule->reference, op->has_reference, "reference_id"),
		need_check(r, rule->to, op->has_to, "to_wallet_id"),
		need_check(r, rule->expires, op->expires_at != 0, "expires_at"),
		need_check(r, rule->final, has_final, "final"),
	};

	for (size_t i = 0; i < sizeof e / sizeof e[0]; i++)
		if (e[i] != OK)
			return e[i];
	return OK;
}

/* Where the wallet is left to be found, post() says it. */
static enum error
sides_check(const struct reader *r)
{
	const struct operation *op = r->op;

	if (op->has_wallet && op->has_to && memcmp(&op->wallet, &op->to, sizeof op->to) == 0)
		return fault(r, "to_wallet_id", SAME_WALLET);
	return OK;
}

/* Against the clock of whoever reads it: post() has the last word. With a key it may be a retry of a hold that was made in
 * time, and only post() knows. */
static enum error
expiry_check(const struct reader *r, bool maybe_retry)
{
	instant_us now = clock_now(), expires = r->op->expires_at;

	if (expires == 0)
		return OK;
	if (expires <= now)
		return maybe_retry ? OK : fault(r, "expires_at", EXPIRED);
	if (expires - now > config_number(OPT_HOLD_TIME_MAX) * US_PER_MS)
		return fault(r, "expires_at", "is too far away: see HOLD_TIME_MAX");
	return OK;
}

/* Compact JSON; it fits, as the field has that limit. 15 digits write 1.1 as it was sent, where they tell the number
 * exactly; else 17 do. */
static size_t
metadata_dump(json_t *metadata, char text[METADATA_MAX])
{
	size_t n = json_dumpb(metadata, text, METADATA_MAX, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_t *back = json_loadb(text, n, 0, NULL);

	if (!json_equal(metadata, back))
		n = json_dumpb(metadata, text, METADATA_MAX, JSON_COMPACT);
	json_decref(back);
	return n;
}

/* Kept as text, not as PostgreSQL's jsonb: a replay must answer the same bytes. */
static enum error
metadata_keep(json_t *metadata, struct arena *arena, struct operation *op)
{
	char text[METADATA_MAX];
	size_t n = metadata_dump(metadata, text);

	op->metadata = arena_strndup(arena, text, n);
	return op->metadata != NULL ? OK : ERR_TOO_LARGE;
}

enum error
operation_read(const json_t *data, enum door door, const char *prefix, struct arena *arena, struct operation *op,
	struct faults *f)
{
	int64_t kind = 0;
	json_t *metadata = NULL;
	bool final = true, has_final = false;
	const struct field fields[] = {
		{ "kind", FIELD_CHOICE, .required = true, .choices = askable, .number = &kind },
		{ "amount", FIELD_AMOUNT, .amount = &op->amount },
		{ "wallet_id", FIELD_UUID, .present = &op->has_wallet, .uuid = &op->wallet },
		{ "reference_id", FIELD_UUID, .present = &op->has_reference, .uuid = &op->reference },
		{ "merchant", FIELD_TEXT, .least = 1, .most = MERCHANT_MAX, .text = &op->merchant },
		{ "description", FIELD_TEXT, .least = 0, .most = DESCRIPTION_MAX, .text = &op->description },
		{ "metadata", FIELD_OBJECT, .most = METADATA_MAX, .object = &metadata },
		{ "to_wallet_id", FIELD_UUID, .present = &op->has_to, .uuid = &op->to },
		{ "expires_at", FIELD_INSTANT, .instant = &op->expires_at },
		{ "final", FIELD_BOOL, .present = &has_final, .boolean = &final },
		/* Not from every door: */
		{ "idempotency_key", FIELD_TEXT, .least = 1, .most = KEY_MAX, .text = &op->key },
		{ "user_id", FIELD_UUID, .present = &op->has_owner, .uuid = &op->owner },
	};
	size_t count = sizeof fields / sizeof fields[0] - (size_t)(DOOR_EVENT - door);
	const struct reader reader = { op, prefix, f };
	enum error e = bind_object(data, fields, count, prefix, f);

	op->kind = (enum kind)(kind + KIND_DEPOSIT);
	op->keeps_rest = !final;
	if (e == OK)
		e = rules_check(&reader, has_final);
	if (e == OK)
		e = sides_check(&reader);
	if (e == OK)
		e = expiry_check(&reader, op->key != NULL || door == DOOR_EVENT);
	if (e == OK && op->key != NULL && !key_is_good(op->key))
		e = fault(&reader, "idempotency_key", "must be visible ASCII");
	if (e == OK && metadata != NULL)
		e = metadata_keep(metadata, arena, op);
	return e;
}

enum error
operation_fault(const struct operation *op, const char *prefix, struct faults *f)
{
	const struct reader reader = { op, prefix, f };

	if (op->kind == KIND_HOLD)
		return fault(&reader, "expires_at", EXPIRED);
	if (op->kind == KIND_TRANSFER)
		return fault(&reader, "to_wallet_id", SAME_WALLET);
	return faults_add(f, prefix, "is nothing that the ledger takes");
}

/* Each part behind its length, so that no two different requests have the same bytes. */
static void
hash_part(crypto_generichash_state *state, const void *part, size_t bytes)
{
	uint64_t n = part != NULL ? bytes : UINT64_MAX;

	crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
	if (part != NULL)
		crypto_generichash_update(state, part, bytes);
}

static void
hash_text(crypto_generichash_state *state, const char *text)
{
	hash_part(state, text, text != NULL ? strlen(text) : 0);
}

/* Members of the metadata in the order of their names, whatever the order they came in. */
static void
hash_metadata(crypto_generichash_state *state, const char *metadata)
{
	json_t *object = metadata != NULL ? json_loads(metadata, 0, NULL) : NULL;
	char buffer[METADATA_MAX * 2];
	size_t n = object != NULL ? json_dumpb(object, buffer, sizeof buffer, JSON_COMPACT | JSON_SORT_KEYS) : 0;

	if (object != NULL && n > 0 && n <= sizeof buffer)
		hash_part(state, buffer, n);
	else
		hash_text(state, metadata);
	json_decref(object);
}

/* The wallet is left out: a key belongs to a wallet, and naming it or leaving it to be found is the same request. */
void
operation_fingerprint(struct operation *op)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, LEDGER_FINGERPRINT);
	hash_text(&state, kind_names[op->kind]);
	hash_part(&state, &op->amount.minor, sizeof op->amount.minor);
	hash_part(&state, op->has_reference ? op->reference.bytes : NULL, sizeof op->reference.bytes);
	hash_text(&state, op->merchant);
	hash_text(&state, op->description);
	hash_metadata(&state, op->metadata);
	/* The plain kinds have none of these, and keep the fingerprints they had before there were others. */
	if (op->kind > KIND_REVERSAL) {
		hash_part(&state, op->has_to ? op->to.bytes : NULL, sizeof op->to.bytes);
		hash_part(&state, &op->expires_at, sizeof op->expires_at);
		hash_part(&state, &op->keeps_rest, sizeof op->keeps_rest);
	}
	crypto_generichash_final(&state, op->fingerprint, LEDGER_FINGERPRINT);
}
