/* posting.c - a transaction as it stands in the ledger: out of a row, into JSON. */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "handlers/wallet/ledger.h"

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

/* A UUID as JSON, or null. */
static json_t *
uuid_json(const struct uuid *u, bool there)
{
	char text[UUID_TEXT];

	uuid_format(u, text);
	return there ? json_string(text) : json_null();
}

static json_t *
text_json(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

/* What only some kinds have comes behind what all have. */
static void
special_members_add(json_t *json, const struct posting *p)
{
	char expires[INSTANT_TEXT];

	if (p->has_counterpart) {
		json_object_set_new(json, p->amount.minor < 0 ? "to_wallet_id" : "from_wallet_id",
			uuid_json(&p->counterpart_wallet, true));
		json_object_set_new(json, "counterpart_id", uuid_json(&p->counterpart, true));
	}
	if (p->expires_at != 0) {
		instant_format(p->expires_at, expires);
		json_object_set_new(json, "expires_at", json_string(expires));
	}
}

json_t *
posting_json(const struct posting *p)
{
	char created[INSTANT_TEXT];
	int64_t moved = p->amount.minor != 0 ? p->amount.minor : p->held_change.minor;
	json_t *json;

	instant_format(p->created_at, created);
	json = json_pack("{s:o, s:o, s:s, s:I, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:s}", "id", uuid_json(&p->id, true),
		"wallet_id", uuid_json(&p->wallet, true), "kind", kind_names[p->kind], "amount",
		(json_int_t)(moved < 0 ? -moved : moved), "currency", p->currency, "balance_after",
		(json_int_t)p->balance_after.minor, "version", (json_int_t)p->version, "reference_id",
		uuid_json(&p->reference, p->has_reference), "merchant", text_json(p->merchant), "description",
		text_json(p->description), "metadata",
		p->metadata != NULL ? json_loads(p->metadata, 0, NULL) : json_null(), "created_at", created);
	special_members_add(json, p);
	return json;
}
