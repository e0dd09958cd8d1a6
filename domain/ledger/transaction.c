/* transaction.c - reads a transaction from a row, and writes it as JSON; see transaction.h. */
#include "domain/ledger/transaction.h"

#define COLUMN(type, name, member) DB_COLUMN(type, name, struct transaction, member)
#define OPTIONAL(type, name, member, has)                                                          \
	DB_COLUMN_OPTIONAL(type, name, struct transaction, member, has)

/* TRANSACTION_COLUMNS, as a table. */
static const struct db_column columns[] = {
	COLUMN(UUID, "id", id),
	COLUMN(UUID, "wallet_id", wallet),
	COLUMN(UUID, "owner_id", owner),
	DB_COLUMN_ENUM("kind", struct transaction, kind, kind_names),
	COLUMN(NUMBER, "amount", amount),
	COLUMN(CODE, "currency", currency),
	COLUMN(NUMBER, "balance_after", balance_after),
	COLUMN(NUMBER, "version", version),
	OPTIONAL(UUID, "reference_id", reference, has_reference),
	COLUMN(TEXT, "merchant", merchant),
	COLUMN(TEXT, "description", description),
	COLUMN(TEXT, "metadata", metadata),
	COLUMN(INSTANT, "created_at", created_at),
	COLUMN(NUMBER, "held_change", held_change),
	COLUMN(UUID, "counterpart_wallet", counterpart_wallet),
	OPTIONAL(UUID, "counterpart_id", counterpart, has_counterpart),
	OPTIONAL(INSTANT, "expires_at", expires_at, has_expires_at),
	OPTIONAL(UUID, "actor", actor, has_actor),
	COLUMN(TEXT, "request_id", request_id),
};

enum error
transaction_read(const struct db_rows *rows, size_t row, struct arena *arena, struct transaction *t)
{
	return rows_read(rows, row, DB_COLUMNS(columns), arena, t);
}

/* ---- JSON ---- */

static void
uuid_write(struct text *t, const char *before, const struct uuid *u, bool present)
{
	text_add_string(t, before);
	if (present)
		text_add_uuid(t, u);
	else
		text_add_json(t, NULL);
}

static void
instant_write(struct text *t, const char *before, instant_us at)
{
	text_add_string(t, before);
	text_add_instant(t, at);
}

/* Members that only some transactions have. The sign tells a transfer's direction: the sender's row
 * is negative. */
static void
special_members_write(struct text *text, const struct transaction *t)
{
	if (t->has_counterpart) {
		uuid_write(text,
			t->amount.minor < 0 ? ",\"to_wallet_id\":" : ",\"from_wallet_id\":",
			&t->counterpart_wallet, true);
		uuid_write(text, ",\"counterpart_id\":", &t->counterpart, true);
	}
	if (t->has_expires_at)
		instant_write(text, ",\"expires_at\":", t->expires_at);
	if (t->has_actor) {
		uuid_write(text, ",\"actor_id\":", &t->actor, true);
		TEXT_MEMBER(text, "request_id", t->request_id);
	}
}

/* Written as text, not as a tree: a posting's response costs 7,600 instructions instead
 * of 42,600 (bench/NOTES.md). */
void
transaction_write(struct text *text, const struct transaction *t, bool with_owner)
{
	int64_t moved = t->amount.minor != 0 ? t->amount.minor : t->held_change.minor;

	uuid_write(text, "{\"id\":", &t->id, true);
	uuid_write(text, ",\"wallet_id\":", &t->wallet, true);
	TEXT_LITERAL(text, ",\"kind\":");
	text_add_json(text, kind_names[t->kind]);
	TEXT_LITERAL(text, ",\"amount\":");
	text_add_number(text, moved < 0 ? -moved : moved);
	TEXT_LITERAL(text, ",\"currency\":");
	text_add_json(text, t->currency);
	TEXT_LITERAL(text, ",\"balance_after\":");
	text_add_number(text, t->balance_after.minor);
	TEXT_LITERAL(text, ",\"version\":");
	text_add_number(text, t->version);
	uuid_write(text, ",\"reference_id\":", &t->reference, t->has_reference);
	TEXT_LITERAL(text, ",\"merchant\":");
	text_add_json(text, t->merchant);
	TEXT_LITERAL(text, ",\"description\":");
	text_add_json(text, t->description);
	TEXT_LITERAL(text, ",\"metadata\":");
	/* JSON already: see operation_read(). */
	text_add_string(text, t->metadata != NULL ? t->metadata : "null");
	instant_write(text, ",\"created_at\":", t->created_at);
	TEXT_LITERAL(text, ",\"balance_change\":");
	text_add_number(text, t->amount.minor);
	TEXT_LITERAL(text, ",\"held_change\":");
	text_add_number(text, t->held_change.minor);
	special_members_write(text, t);
	if (with_owner)
		uuid_write(text, ",\"owner_id\":", &t->owner, true);
	TEXT_LITERAL(text, "}");
}
