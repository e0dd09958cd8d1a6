/* emitted.c - reads the accepted bodies of transaction_emitted; see emitted.h. */
#include "domain/ledger/emitted.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/caller.h"
#include "common/base/digest.h"
#include "domain/events.h"
#include "domain/ledger/decimal.h"

static enum error __attribute__((format(printf, 2, 3)))
set_reason(char reason[EVENT_REASON], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reason, EVENT_REASON, fmt, ap);
	va_end(ap);
	return ERR_INVALID_REQUEST;
}

/* Joins as many faults as fit: "/amount must be …; /kind must be …". */
static void
set_reason_from_faults(char reason[EVENT_REASON], const struct faults *f)
{
	size_t i, n = 0;
	json_t *fault;

	json_array_foreach(f->list, i, fault) {
		int more = snprintf(reason + n, EVENT_REASON - n, "%s%s %s", i > 0 ? "; " : "",
			json_string_value(json_object_get(fault, "pointer")),
			json_string_value(json_object_get(fault, "detail")));

		if (more < 0 || (n += (size_t)more) >= EVENT_REASON)
			break;
	}
}

/* ---- data in our own format ---- */

/* An event has no caller, so it must say whose wallet it means. */
static enum error
read_own(struct emitted *m, struct arena *arena, char reason[EVENT_REASON])
{
	struct json_sent data = { .value = m->event.data };
	struct faults faults = { 0 };
	size_t bytes;
	enum error e;

	data.text.at = event_data_text(&m->event, &bytes);
	data.text.end = data.text.at + bytes;
	e = operation_read(&data, ORIGIN_EVENT, "", arena, &m->op, &faults);
	if (e != OK)
		set_reason_from_faults(reason, &faults);
	json_decref(faults.list);
	if (e == OK && !m->op.has_wallet && !m->op.has_owner)
		return set_reason(reason, "/wallet_id or /user_id is required");
	return e;
}

/* ---- data in the original system's format ---- */

/* By operation code. */
static const enum kind original_kinds[] = { KIND_DEPOSIT, KIND_WITHDRAWAL, KIND_PURCHASE,
	KIND_REVERSAL, KIND_CANCELLATION };
enum { ORIGINAL_KINDS = sizeof(original_kinds) / sizeof(original_kinds[0]) };

/* By members that our own format does not have. */
static bool
is_original(const json_t *data)
{
	return json_object_get(data, "userId") != NULL ||
		json_object_get(data, "transaction") != NULL;
}

/* Takes the digits as sent, from a JSON number or string: a double would lose some. */
static enum error
read_major(struct emitted *m, const json_t *amount, char reason[EVENT_REASON])
{
	char sent[DECIMAL_MAX];
	static const char *const bare[] = { "transaction", "amount", NULL };
	static const char *const enveloped[] = { "data", "transaction", "amount", NULL };

	size_t length = json_string_length(amount); /* 0 for a number */
	bool taken = false;

	if (length > 0 && length < sizeof(sent)) {
		memcpy(sent, json_string_value(amount), length + 1);
		taken = true;
	} else if (json_is_number(amount)) {
		taken = event_number(
			&m->event, m->event.enveloped ? enveloped : bare, sent, sizeof(sent));
	}
	m->has_major = taken && decimal_plain(sent, m->major, sizeof(m->major));
	if (!m->has_major)
		return set_reason(reason, "/transaction/amount must be a decimal in major units");
	return OK;
}

static enum error
read_original_kind(struct emitted *m, const json_t *transaction, char reason[EVENT_REASON])
{
	const json_t *operation = json_object_get(transaction, "operation");
	const json_t *id = json_object_get(transaction, "id");
	double code = json_number_value(operation); /* 2, 2.0 and 2E0 are one number */

	if (!json_is_number(operation) || !(code >= 0 && code < (double)ORIGINAL_KINDS) ||
	    code != (double)(int)code)
		return set_reason(reason,
			"/transaction/operation must be 0 deposit, 1 withdraw, 2 purchase,"
			" 3 reversal or 4 cancellation");
	m->op.kind = original_kinds[(int)code];
	if (m->op.kind != KIND_REVERSAL && m->op.kind != KIND_CANCELLATION)
		return OK; /* for other kinds the id has no meaning here */
	if (!json_is_string(id) || !uuid_parse(json_string_value(id), &m->op.reference))
		return set_reason(reason,
			"/transaction/id must be the UUID of the original transaction");
	m->op.has_reference = m->by_reference = true;
	return OK;
}

/* `transaction.amount` is in major units, and waits for the currency of its wallet. */
static enum error
read_original(struct emitted *m, char reason[EVENT_REASON])
{
	const json_t *data = m->event.data, *user = json_object_get(data, "userId"),
		     *transaction = json_object_get(data, "transaction"),
		     *amount = json_object_get(transaction, "amount"),
		     *key = json_object_get(data, "idempotency_key");
	enum error e;

	if (!json_is_string(user) || !uuid_parse(json_string_value(user), &m->op.owner))
		return set_reason(reason, "/userId must be a UUID");
	m->op.has_owner = true;
	if (!json_is_object(transaction))
		return set_reason(reason, "/transaction must be an object");
	if ((e = read_original_kind(m, transaction, reason)) != OK)
		return e;
	if (key != NULL && !json_is_null(key) && !json_is_string(key))
		return set_reason(reason, "/idempotency_key must be a string");
	m->op.key = json_string_value(key);
	if (m->op.has_reference && (amount == NULL || json_is_null(amount)))
		return OK; /* undo all that remains */
	return read_major(m, amount, reason);
}

/* ---- both ---- */

/* A deposit opens a wallet for any user, but an id that was never set is no user. */
static enum error
owner_check(const struct emitted *m, char reason[EVENT_REASON])
{
	static const struct uuid nil;

	if (!m->op.has_owner || memcmp(&m->op.owner, &nil, sizeof(nil)) != 0)
		return OK;
	return set_reason(reason, "/%s must not be the nil UUID",
		is_original(m->event.data) ? "userId" : "user_id");
}

/* Makes a key from names that are any text. The prefix keeps them apart from keys that clients
 * choose. Keys are stored: never change this. */
static const char *
digest_key(struct emitted *m, const char *prefix, const char *source, const char *id)
{
	unsigned char bytes[32];
	char text[sodium_base64_ENCODED_LEN(
		sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	struct digest d;

	digest_begin(&d, sizeof bytes);
	digest_add_text(&d, source);
	digest_add_text(&d, id);
	digest_end(&d, bytes);
	sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	(void)snprintf(m->key, sizeof m->key, "%s%s", prefix, text);
	return m->key;
}

/* Chooses the deduplication key: the data's, else one made from the CloudEvents source and id, as
 * only both are unique, else AMQP's message_id. */
static enum error
choose_key(struct emitted *m, const char *message_id, char reason[EVENT_REASON])
{
	const char *id = m->event.id;

	if (m->op.key != NULL) {
		if (key_is_valid(m->op.key))
			return OK;
		return set_reason(reason,
			"/idempotency_key is not a deduplication key: 1 to %d visible ASCII"
			" characters",
			KEY_MAX);
	}
	if (id != NULL) {
		m->op.key = digest_key(m, "ce-", m->event.source, id);
		m->id_key = key_is_valid(id) ? id : NULL;
	} else if (message_id != NULL && message_id[0] != '\0') {
		m->op.key = key_is_valid(message_id)
				    ? message_id
				    : digest_key(m, "id-", NULL, message_id);
	} else {
		return set_reason(reason,
			"no deduplication key: set idempotency_key in the data, the CloudEvents id"
			" and source, or the AMQP message_id%s",
			json_object_get(m->event.root, "id") != NULL
				? " (an /id without /specversion is none)" : "");
	}
	return OK;
}

/* Binary mode: what the body lacks is in the headers. A type there must be ours too. */
static enum error
head_apply(struct emitted *m, const struct emitted_head *head, char reason[EVENT_REASON])
{
	const char *types[] = { m->event.type, head->type };

	for (size_t i = 0; i < 2; i++)
		if (types[i] != NULL && strcmp(types[i], EVENT_EMITTED) != 0)
			return set_reason(reason,
				"only " EVENT_EMITTED " is accepted here, not %.100s", types[i]);
	if (m->event.id != NULL || head->id == NULL)
		return OK;
	if (head->id[0] == '\0' || head->source == NULL || head->source[0] == '\0')
		return set_reason(reason, "a CloudEvents event needs an id and a source, and the"
			" headers have only one of them");
	m->event.id = head->id;
	m->event.source = head->source;
	return OK;
}

enum error
emitted_read(const char *body, size_t bytes, const struct emitted_head *head, struct arena *arena,
	struct emitted *m, char reason[EVENT_REASON])
{
	enum error e = emitted_head_check(head, reason);

	if (e != OK || (e = event_read(body, bytes, &m->event, reason)) != OK)
		return e;
	m->op = operation_zero();
	m->has_major = false;
	m->currency = m->id_key = NULL;
	m->by_reference = false;
	if ((e = head_apply(m, head, reason)) == OK)
		e = is_original(m->event.data) ? read_original(m, reason)
					       : read_own(m, arena, reason);
	if (e == OK)
		e = owner_check(m, reason);
	if (e == OK)
		e = choose_key(m, head->message_id, reason);
	/* A publisher is trusted with any wallet, like the role service. But if they name a wallet
	 * and another user, something is mixed up. */
	m->op.roles = ROLE_OPERATOR | ROLE_SERVICE;
	m->op.owner_only = m->op.has_wallet && m->op.has_owner;
	m->op.open_missing = true;
	if (e != OK)
		emitted_free(m);
	return e;
}

/* Only now can a decimal be judged, because the currency decides how many digits it may have. */
enum error
emitted_amount(struct emitted *m, const char *currency, char reason[EVENT_REASON])
{
	int exponent = currency_exponent(currency);

	if (m->has_major) {
		if (exponent < 0 || !money_from_major(m->major, exponent, &m->op.amount) ||
		    m->op.amount.minor <= 0)
			return set_reason(reason, "/transaction/amount %s is not an amount in %s",
				m->major, currency);
		m->op.has_amount = true;
	}
	operation_fingerprint(&m->op);
	return OK;
}

/* Stored ids predate digest.h: they hash the bytes alone. */
struct uuid
emitted_rejection_id(const struct emitted *m)
{
	const struct operation *op = &m->op;
	struct digest d;
	struct uuid id;

	digest_begin(&d, sizeof(id.bytes));
	digest_add_raw(&d, op->has_wallet ? op->wallet.bytes : op->owner.bytes, sizeof(id.bytes));
	digest_add_raw(&d, op->fingerprint, sizeof(op->fingerprint));
	digest_add_raw(&d, op->key, strlen(op->key));
	digest_end(&d, id.bytes);
	/* RFC 9562, section 5.8: version 8 is for vendor-specific layouts. */
	id.bytes[6] = (uint8_t)(0x80 | (id.bytes[6] & 0x0f));
	id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
	return id;
}

void
emitted_free(struct emitted *m)
{
	event_free(&m->event);
}
