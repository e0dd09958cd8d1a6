/* posting.c - a transaction as it stands in the ledger: out of a row, into JSON. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "domain/ledger/ledger.h"

const char *const kind_names[] = {
	[KIND_OPENING] = "opening", [KIND_DEPOSIT] = "deposit", [KIND_WITHDRAWAL] = "withdrawal",
	[KIND_PURCHASE] = "purchase", [KIND_CANCELLATION] = "cancellation", [KIND_REVERSAL] = "reversal",
	[KIND_HOLD] = "hold", [KIND_CAPTURE] = "capture", [KIND_RELEASE] = "release", [KIND_TRANSFER] = "transfer",
	[KIND_FREEZE] = "freeze", [KIND_UNFREEZE] = "unfreeze", [KIND_CLOSE] = "close", [KIND_LIMIT] = "limit", NULL
};

/* The POSTING_COLUMNS. */
enum {
	C_ID, C_WALLET, C_OWNER, C_KIND, C_AMOUNT, C_CURRENCY, C_BALANCE, C_VERSION, C_REFERENCE, C_MERCHANT,
	C_DESCRIPTION, C_METADATA, C_CREATED, C_HELD_CHANGE, C_COUNTERPART_WALLET, C_COUNTERPART, C_EXPIRES, C_COUNT
};

_Static_assert(C_COUNT == POSTING_COLUMN_COUNT, "the columns of a posting");

static enum kind
kind_parse(const char *name)
{
	for (enum kind k = KIND_OPENING; kind_names[k] != NULL; k++)
		if (name != NULL && strcmp(kind_names[k], name) == 0)
			return k;
	log_error("the ledger holds a kind that this program does not know: %s", name != NULL ? name : "(null)");
	return KIND_OPENING;
}

/* Column text into the arena; NULL stays NULL. False where the arena is full. */
static bool
text_keep(const struct db_rows *rows, size_t row, size_t column, struct arena *arena, const char **out)
{
	const char *text = rows_text(rows, row, column);

	*out = text != NULL ? arena_strdup(arena, text) : NULL;
	return text == NULL || *out != NULL;
}

enum error
posting_from_row(const struct db_rows *rows, size_t row, size_t first, struct arena *arena, struct posting *p)
{
	*p = (struct posting){
		.id = rows_uuid(rows, row, first + C_ID),
		.wallet = rows_uuid(rows, row, first + C_WALLET),
		.owner = rows_uuid(rows, row, first + C_OWNER),
		.kind = kind_parse(rows_text(rows, row, first + C_KIND)),
		.amount.minor = rows_number(rows, row, first + C_AMOUNT),
		.held_change.minor = rows_number(rows, row, first + C_HELD_CHANGE),
		.balance_after.minor = rows_number(rows, row, first + C_BALANCE),
		.version = rows_number(rows, row, first + C_VERSION),
		.has_reference = !rows_null(rows, row, first + C_REFERENCE),
		.reference = rows_uuid(rows, row, first + C_REFERENCE),
		.has_counterpart = !rows_null(rows, row, first + C_COUNTERPART),
		.counterpart_wallet = rows_uuid(rows, row, first + C_COUNTERPART_WALLET),
		.counterpart = rows_uuid(rows, row, first + C_COUNTERPART),
		.created_at = rows_instant(rows, row, first + C_CREATED),
		.expires_at = rows_instant(rows, row, first + C_EXPIRES),
	};
	snprintf(p->currency, sizeof p->currency, "%s", rows_text(rows, row, first + C_CURRENCY));
	if (!text_keep(rows, row, first + C_MERCHANT, arena, &p->merchant) ||
	    !text_keep(rows, row, first + C_DESCRIPTION, arena, &p->description) ||
	    !text_keep(rows, row, first + C_METADATA, arena, &p->metadata))
		return ERR_OVERLOADED;
	return OK;
}

/* ---- JSON ---- */

static void
uuid_write(struct text *t, const char *before, const struct uuid *u, bool there)
{
	text_add_string(t, before);
	if (there)
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

/* What only some kinds have. */
static void
special_members_write(struct text *t, const struct posting *p)
{
	if (p->has_counterpart) {
		uuid_write(t, p->amount.minor < 0 ? ",\"to_wallet_id\":" : ",\"from_wallet_id\":", &p->counterpart_wallet, true);
		uuid_write(t, ",\"counterpart_id\":", &p->counterpart, true);
	}
	if (p->expires_at != 0)
		instant_write(t, ",\"expires_at\":", p->expires_at);
}

void
posting_write(struct text *t, const struct posting *p, bool with_owner)
{
	int64_t moved = p->amount.minor != 0 ? p->amount.minor : p->held_change.minor;

	uuid_write(t, "{\"id\":", &p->id, true);
	uuid_write(t, ",\"wallet_id\":", &p->wallet, true);
	TEXT_LITERAL(t, ",\"kind\":");
	text_add_json(t, kind_names[p->kind]);
	TEXT_LITERAL(t, ",\"amount\":");
	text_add_number(t, moved < 0 ? -moved : moved);
	TEXT_LITERAL(t, ",\"currency\":");
	text_add_json(t, p->currency);
	TEXT_LITERAL(t, ",\"balance_after\":");
	text_add_number(t, p->balance_after.minor);
	TEXT_LITERAL(t, ",\"version\":");
	text_add_number(t, p->version);
	uuid_write(t, ",\"reference_id\":", &p->reference, p->has_reference);
	TEXT_LITERAL(t, ",\"merchant\":");
	text_add_json(t, p->merchant);
	TEXT_LITERAL(t, ",\"description\":");
	text_add_json(t, p->description);
	TEXT_LITERAL(t, ",\"metadata\":");
	text_add_string(t, p->metadata != NULL ? p->metadata : "null"); /* JSON already: see operation_read() */
	instant_write(t, ",\"created_at\":", p->created_at);
	TEXT_LITERAL(t, ",\"balance_change\":");
	text_add_number(t, p->amount.minor);
	TEXT_LITERAL(t, ",\"held_change\":");
	text_add_number(t, p->held_change.minor);
	special_members_write(t, p);
	if (with_owner)
		uuid_write(t, ",\"owner_id\":", &p->owner, true);
	TEXT_LITERAL(t, "}");
}
