/* operation.c - what somebody asks of the ledger: read from JSON, checked as far as that goes without the ledger. */
#include <sodium.h>
#include <string.h>

#include "common/http.h"
#include "handlers/wallet/ledger.h"

#define MERCHANT_MAX 200
#define DESCRIPTION_MAX 500
#define METADATA_MAX 4096

/* By enum kind, from KIND_DEPOSIT on: an opening is not asked for this way. */
static const char *const askable[] = { "deposit", "withdrawal", "purchase", "cancellation", "reversal", NULL };

struct operation
operation_zero(void)
{
	return (struct operation){ .id = uuid_v7() };
}

static bool
kind_undoes(enum kind kind)
{
	return kind == KIND_CANCELLATION || kind == KIND_REVERSAL;
}

static enum error
rules_check(const struct operation *op, struct faults *f)
{
	enum error e = OK;

	if (kind_undoes(op->kind) && !op->has_reference)
		e = faults_add(f, "/reference_id", "is missing: a %s names the transaction it undoes", kind_names[op->kind]);
	if (!kind_undoes(op->kind) && op->has_reference)
		e = faults_add(f, "/reference_id", "is only for a cancellation or a reversal");
	if (!kind_undoes(op->kind) && op->amount.minor == 0)
		e = faults_add(f, "/amount", "is missing");
	return e;
}

/* Kept as text, not as PostgreSQL's jsonb: a replay must answer the same bytes. */
static enum error
metadata_keep(json_t *metadata, struct arena *arena, struct operation *op)
{
	size_t n = json_dumpb(metadata, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(arena, n + 1);

	if (text == NULL)
		return ERR_TOO_LARGE;
	json_dumpb(metadata, text, n, JSON_COMPACT);
	op->metadata = text;
	return OK;
}

enum error
operation_read(const json_t *data, bool door_is_trusted, struct arena *arena, struct operation *op, struct faults *f)
{
	int64_t kind = 0;
	json_t *metadata = NULL;
	const struct field fields[] = {
		{ "kind", FIELD_CHOICE, .required = true, .choices = askable, .number = &kind },
		{ "amount", FIELD_AMOUNT, .amount = &op->amount },
		{ "wallet_id", FIELD_UUID, .present = &op->has_wallet, .uuid = &op->wallet },
		{ "reference_id", FIELD_UUID, .present = &op->has_reference, .uuid = &op->reference },
		{ "merchant", FIELD_TEXT, .least = 1, .most = MERCHANT_MAX, .text = &op->merchant },
		{ "description", FIELD_TEXT, .least = 0, .most = DESCRIPTION_MAX, .text = &op->description },
		{ "metadata", FIELD_OBJECT, .most = METADATA_MAX, .object = &metadata },
		/* Only where the door is trusted: */
		{ "user_id", FIELD_UUID, .present = &op->has_owner, .uuid = &op->owner },
		{ "idempotency_key", FIELD_TEXT, .least = 1, .most = KEY_MAX, .text = &op->key },
	};
	size_t count = sizeof fields / sizeof fields[0] - (door_is_trusted ? 0 : 2);
	enum error e = bind_object(data, fields, count, "", f);

	op->kind = (enum kind)(kind + KIND_DEPOSIT);
	if (e == OK)
		e = rules_check(op, f);
	if (e == OK && op->key != NULL && !key_is_good(op->key))
		e = faults_add(f, "/idempotency_key", "must be visible ASCII");
	if (e == OK && metadata != NULL)
		e = metadata_keep(metadata, arena, op);
	return e;
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
	crypto_generichash_final(&state, op->fingerprint, LEDGER_FINGERPRINT);
}
