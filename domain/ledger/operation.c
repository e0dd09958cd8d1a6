/* operation.c - an operation requested of the ledger: reads it from JSON, and checks what it can
 * without the database. */
#include "domain/ledger/operation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/digest.h"
#include "common/base/json.h"

#define MERCHANT_MAX 200
#define DESCRIPTION_MAX 500
#define METADATA_MAX JSON_SENT_MAX
/* As a fingerprint hashes it: with 17 digits for each number that jansson keeps as a double. */
#define METADATA_DIGITS_MAX (6 * METADATA_MAX)
#define EXPIRY_UNREAD (-1)
#define EXPIRED "must be in the future"
#define METADATA_LONG "must be at most 4096 bytes long as JSON"
#define SAME_WALLET "must be another wallet"

/* The id is made here, before anything is sent, so that a retry after a lost commit
 * finds the operation. */
struct operation
operation_zero(void)
{
	return (struct operation){ .id = uuid_v7(), .final = true };
}

/* What the checks below need: the operation, and where its faults go, with pointers that
 * start with `prefix`. */
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
need_check(const struct reader *r, enum need need, bool present, const char *name)
{
	char what[80];

	if (need == NEEDS_MAY || (need == NEEDS_MUST) == present)
		return OK;
	snprintf(what, sizeof what,
		need == NEEDS_MUST ? "is required for a %s" : "is not allowed for a %s",
		kind_names[r->op->kind]);
	return fault(r, name, what);
}

/* Collects all faults. Any kind can have a default value: generated clients send every default. */
static enum error
rules_check(const struct reader *r)
{
	const struct operation *op = r->op;
	const struct kind_rule *rule = &kind_rules[op->kind];
	enum error e[] = {
		need_check(r, rule->amount, op->has_amount, "amount"),
		need_check(r, rule->reference, op->has_reference, "reference_id"),
		need_check(r, rule->counterpart, op->has_counterpart, "to_wallet_id"),
		need_check(r, rule->expires, op->has_expires_at, "expires_at"),
		need_check(r, rule->final, !op->final, "final"),
	};

	for (size_t i = 0; i < sizeof e / sizeof e[0]; i++)
		if (e[i] != OK)
			return e[i];
	return OK;
}

static bool
is_read(const struct uuid *u)
{
	return memcmp(u, &(struct uuid){ { 0 } }, sizeof *u) != 0;
}

/* If the request does not name its wallet, post() finds it, and makes this check. */
static enum error
counterpart_check(const struct reader *r)
{
	const struct operation *op = r->op;

	if (op->has_wallet && op->has_counterpart && is_read(&op->wallet) &&
	    memcmp(&op->wallet, &op->counterpart, sizeof op->counterpart) == 0)
		return fault(r, "to_wallet_id", SAME_WALLET);
	return OK;
}

/* The operator chooses the longest hold; most choose whole days. */
static enum error
too_long(const struct reader *r)
{
	int64_t s = config_number(OPT_HOLD_TIME_MAX) / 1000, day = US_PER_DAY / US_PER_S;
	bool days = s % day == 0;
	char what[80];

	snprintf(what, sizeof what, "must be at most %" PRId64 " %s%s from now", days ? s / day : s,
		days ? "day" : "second", s == 1 || s == day ? "" : "s");
	return fault(r, "expires_at", what);
}

/* By this machine's clock; post() checks again by its own. With a key it can be the retry of a hold
 * that was made in time, which only post() can know. */
static enum error
expiry_check(const struct reader *r, bool maybe_retry)
{
	instant_us now = clock_now(), expires = r->op->expires_at;

	if (!r->op->has_expires_at || expires == EXPIRY_UNREAD)
		return OK;
	if (expires <= now)
		return maybe_retry ? OK : fault(r, "expires_at", EXPIRED);
	if (expires - now > config_number(OPT_HOLD_TIME_MAX) * US_PER_MS)
		return too_long(r);
	return OK;
}

/* Stored as text, not as jsonb: a replay must return the same bytes. Numbers keep their spelling,
 * so a filter finds what a client sent, and no digit is lost. */
static enum error
metadata_keep(const struct reader *r, const struct json_sent *metadata, struct arena *arena,
	struct operation *op)
{
	char text[METADATA_MAX];
	size_t n = json_sent_write(metadata, text, sizeof text);

	if (n == 0)
		return fault(r, "metadata", METADATA_LONG);
	op->metadata = arena_strndup(arena, text, n);
	return op->metadata != NULL ? OK : ERR_TOO_LARGE;
}

/* A key that is not in the body is checked where it was found. */
static enum error
key_check(const struct reader *r, enum origin origin)
{
	if (origin == ORIGIN_REQUEST || r->op->key == NULL || key_is_valid(r->op->key))
		return OK;
	return fault(r, "idempotency_key", "must be visible ASCII");
}

/* Every check runs, so that all faults come at once. What could not be read is left out of the
 * later checks: the kind is -1, an instant EXPIRY_UNREAD, a wallet all zeros. */
enum error
operation_read(const struct json_sent *data, enum origin origin, const char *prefix,
	struct arena *arena, struct operation *op, struct faults *f)
{
	int64_t kind = -1;
	json_t *metadata = NULL;
	const struct field fields[] = {
		{ "kind", FIELD_CHOICE, .required = true, .choices = kind_choices,
			.number = &kind },
		{ "amount", FIELD_AMOUNT, .present = &op->has_amount, .amount = &op->amount },
		{ "wallet_id", FIELD_UUID, .present = &op->has_wallet, .uuid = &op->wallet },
		{ "reference_id", FIELD_UUID, .present = &op->has_reference,
			.uuid = &op->reference },
		{ "merchant", FIELD_TEXT, .min = 1, .max = MERCHANT_MAX, .text = &op->merchant },
		{ "description", FIELD_TEXT, .max = DESCRIPTION_MAX, .text = &op->description },
		{ "metadata", FIELD_OBJECT, .object = &metadata },
		{ "to_wallet_id", FIELD_UUID, .present = &op->has_counterpart,
			.uuid = &op->counterpart },
		{ "expires_at", FIELD_INSTANT, .present = &op->has_expires_at,
			.instant = &op->expires_at },
		{ "final", FIELD_BOOL, .boolean = &op->final },
		/* Only from some origins: in the order of enum origin, which cuts the table from
		 * the end. */
		{ "idempotency_key", FIELD_TEXT, .min = 1, .max = KEY_MAX, .text = &op->key },
		{ "user_id", FIELD_UUID, .present = &op->has_owner, .uuid = &op->owner },
	};
	size_t count = sizeof fields / sizeof fields[0] - (size_t)(ORIGIN_EVENT - origin);
	const struct reader reader = { op, prefix, f };
	enum error e;

	op->final = true;
	op->expires_at = EXPIRY_UNREAD;
	e = bind_object(data->value, fields, count, prefix, f);
	if (kind >= 0) {
		op->kind = kind_of_choice(kind);
		e = faults_join(e, rules_check(&reader));
	}
	e = faults_join(e, counterpart_check(&reader));
	e = faults_join(e, expiry_check(&reader, op->key != NULL || origin == ORIGIN_EVENT));
	e = faults_join(e, key_check(&reader, origin));
	if (op->expires_at == EXPIRY_UNREAD)
		op->expires_at = 0;
	if (metadata == NULL)
		return e;
	return faults_join(e, metadata_keep(&reader,
		&(struct json_sent){ metadata, json_text_member(data->text, "metadata") }, arena,
		op));
}

void
operation_set_caller(struct operation *op, const struct caller *caller)
{
	op->has_owner = true;
	op->owner = caller->user;
	op->roles = caller->roles;
	op->request_id = (caller->roles & (ROLE_OPERATOR | ROLE_SERVICE)) != 0 ? caller->request
									       : NULL;
	operation_fingerprint(op);
}

enum error
operation_fault(const struct operation *op, const char *prefix, struct faults *f)
{
	const struct reader reader = { op, prefix, f };

	if (op->kind == KIND_HOLD)
		return fault(&reader, "expires_at", EXPIRED);
	if (op->kind == KIND_TRANSFER)
		return fault(&reader, "to_wallet_id", SAME_WALLET);
	return faults_add(f, prefix, "is not accepted by the ledger");
}

/* Sorts the members by name, so that their order in the request does not matter; nor does how a
 * number is spelled. Stored fingerprints hash this form. */
static void
metadata_digest(struct digest *d, const char *metadata)
{
	json_t *object =
		metadata != NULL ? json_read_stored(metadata, strlen(metadata)) : NULL;
	char buffer[METADATA_DIGITS_MAX];
	size_t n = 0;

	if (object != NULL)
		n = json_dumpb(object, buffer, sizeof buffer, JSON_COMPACT | JSON_SORT_KEYS);
	if (n > 0 && n <= sizeof buffer)
		digest_add(d, buffer, n);
	else
		digest_add_text(d, metadata);
	json_decref(object);
}

/* The wallet is left out: a key belongs to a wallet, and a request is the same whether it names the
 * wallet or leaves it to post(). */
void
operation_fingerprint(struct operation *op)
{
	struct digest d;
	bool keeps_rest = !op->final; /* stored fingerprints hash this form */

	digest_begin(&d, sizeof op->fingerprint);
	digest_add_text(&d, kind_names[op->kind]);
	digest_add(&d, &op->amount.minor, sizeof op->amount.minor);
	digest_add(&d, op->has_reference ? op->reference.bytes : NULL, sizeof op->reference.bytes);
	digest_add_text(&d, op->merchant);
	digest_add_text(&d, op->description);
	metadata_digest(&d, op->metadata);
	/* Plain kinds keep the fingerprints from before there were other kinds. */
	if (!kind_rules[op->kind].plain) {
		digest_add(&d, op->has_counterpart ? op->counterpart.bytes : NULL,
			sizeof op->counterpart.bytes);
		digest_add(&d, &op->expires_at, sizeof op->expires_at);
		digest_add(&d, &keeps_rest, sizeof keeps_rest);
	}
	digest_end(&d, op->fingerprint);
}
