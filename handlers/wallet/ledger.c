/* ledger.c - the call of post(), and the reading of its answer. The rules themselves are sql/wallet/functions/post.sql.
 *
 * One call carries up to LEDGER_BATCH_MAX operations as arrays, one place an operation. Rows come back in any order,
 * each with its operation's id. */
#include "handlers/wallet/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "common/log.h"

enum { POST };

const struct db_statement ledger_statements[] = {
	[POST] = { "post",
		"SELECT op_id, status, id, wallet_id, owner_id, kind, amount, currency, balance_after, version, reference_id,"
		" merchant, description, metadata, created_at, available, held, required"
		" FROM post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::interval, $14::boolean, $15)",
		DB_AGAIN },
};
const size_t ledger_statement_count = sizeof ledger_statements / sizeof ledger_statements[0];

/* The columns of that SELECT. */
enum {
	C_OP_ID, C_STATUS, C_ID, C_WALLET, C_OWNER, C_KIND, C_AMOUNT, C_CURRENCY, C_BALANCE, C_VERSION, C_REFERENCE,
	C_MERCHANT, C_DESCRIPTION, C_METADATA, C_CREATED, C_AVAILABLE, C_HELD, C_REQUIRED
};

const char *const kind_names[] = {
	[KIND_OPENING] = "opening", [KIND_DEPOSIT] = "deposit", [KIND_WITHDRAWAL] = "withdrawal",
	[KIND_PURCHASE] = "purchase", [KIND_CANCELLATION] = "cancellation", [KIND_REVERSAL] = "reversal", NULL
};

/* What post() takes: an array a column, in the order of its parameters. */
enum {
	A_ID, A_WALLET, A_OWNER, A_POWER, A_KIND, A_AMOUNT, A_REFERENCE, A_KEY, A_FINGERPRINT, A_MERCHANT, A_DESCRIPTION,
	A_METADATA, ARRAYS
};

static const enum db_element element_of[ARRAYS] = {
	[A_ID] = DB_UUID_ARRAY, [A_WALLET] = DB_UUID_ARRAY, [A_OWNER] = DB_UUID_ARRAY, [A_POWER] = DB_INT4_ARRAY,
	[A_KIND] = DB_TEXT_ARRAY, [A_AMOUNT] = DB_INT8_ARRAY, [A_REFERENCE] = DB_UUID_ARRAY, [A_KEY] = DB_TEXT_ARRAY,
	[A_FINGERPRINT] = DB_BYTEA_ARRAY, [A_MERCHANT] = DB_TEXT_ARRAY, [A_DESCRIPTION] = DB_TEXT_ARRAY,
	[A_METADATA] = DB_TEXT_ARRAY
};

/* A thread that posts keeps its arrays: after the first batches nothing is allocated any more. */
struct arrays {
	struct db_array of[ARRAYS];
};

static __thread struct arrays kept;

static void
operation_add(struct arrays *a, const struct operation *op)
{
	db_array_add_uuid(&a->of[A_ID], &op->id);
	db_array_add_uuid(&a->of[A_WALLET], op->has_wallet ? &op->wallet : NULL);
	db_array_add_uuid(&a->of[A_OWNER], op->has_owner ? &op->owner : NULL);
	db_array_add_number(&a->of[A_POWER], op->roles);
	db_array_add_text(&a->of[A_KIND], kind_names[op->kind]);
	if (op->amount.minor > 0)
		db_array_add_number(&a->of[A_AMOUNT], op->amount.minor);
	else
		db_array_add_null(&a->of[A_AMOUNT]);
	db_array_add_uuid(&a->of[A_REFERENCE], op->has_reference ? &op->reference : NULL);
	db_array_add_text(&a->of[A_KEY], op->key);
	db_array_add_bytes(&a->of[A_FINGERPRINT], op->key != NULL ? op->fingerprint : NULL, LEDGER_FINGERPRINT);
	db_array_add_text(&a->of[A_MERCHANT], op->merchant);
	db_array_add_text(&a->of[A_DESCRIPTION], op->description);
	db_array_add_text(&a->of[A_METADATA], op->metadata);
}

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
	size_t c = first - C_ID;

	*p = (struct posting){
		.id = rows_uuid(rows, row, c + C_ID),
		.wallet = rows_uuid(rows, row, c + C_WALLET),
		.owner = rows_uuid(rows, row, c + C_OWNER),
		.kind = kind_parse(rows_text(rows, row, c + C_KIND)),
		.amount.minor = rows_number(rows, row, c + C_AMOUNT),
		.balance_after.minor = rows_number(rows, row, c + C_BALANCE),
		.version = rows_number(rows, row, c + C_VERSION),
		.has_reference = !rows_null(rows, row, c + C_REFERENCE),
		.reference = rows_uuid(rows, row, c + C_REFERENCE),
		.created_at = rows_instant(rows, row, c + C_CREATED),
	};
	snprintf(p->currency, sizeof p->currency, "%s", rows_text(rows, row, c + C_CURRENCY));
	if (!text_keep(rows, row, c + C_MERCHANT, arena, &p->merchant) ||
	    !text_keep(rows, row, c + C_DESCRIPTION, arena, &p->description) ||
	    !text_keep(rows, row, c + C_METADATA, arena, &p->metadata))
		return ERR_OVERLOADED;
	return OK;
}

static enum error
outcome_read(const struct db_rows *rows, size_t row, struct arena *arena, struct outcome *out)
{
	const char *status = rows_text(rows, row, C_STATUS);

	*out = (struct outcome){ .replayed = strcmp(status, "replayed") == 0 };
	if (out->replayed || strcmp(status, "ok") == 0)
		return posting_from_row(rows, row, C_ID, arena, &out->posting);
	out->error = error_from_code(status);
	out->available.minor = rows_number(rows, row, C_AVAILABLE);
	out->held.minor = rows_number(rows, row, C_HELD);
	out->required.minor = rows_number(rows, row, C_REQUIRED);
	return OK;
}

/* The place of the operation with that id. Rows mostly come in the operations' order or near it, so the search begins
 * where the last one ended. */
static size_t
operation_find(const struct operation *const operations[], size_t count, size_t hint, const struct uuid *id)
{
	for (size_t n = 0; n < count; n++) {
		size_t i = (hint + n) % count;

		if (memcmp(&operations[i]->id, id, sizeof *id) == 0)
			return i;
	}
	return count;
}

static enum error
outcomes_read(const struct db_rows *rows, const struct operation *const operations[], size_t count,
	struct arena *arena, struct outcome outcomes[])
{
	size_t hint = 0;

	if (rows_count(rows) != count) {
		log_error("post() answered %zu rows for %zu operations", rows_count(rows), count);
		return ERR_INTERNAL;
	}
	for (size_t row = 0; row < count; row++) {
		struct uuid id = rows_uuid(rows, row, C_OP_ID);
		size_t i = operation_find(operations, count, hint, &id);
		enum error e;

		if (i == count) {
			log_error("post() answered an operation that it was not given");
			return ERR_INTERNAL;
		}
		if ((e = outcome_read(rows, row, arena, &outcomes[i])) != OK)
			return e;
		hint = i + 1;
	}
	return OK;
}

enum error
ledger_post(struct db *db, const struct operation *const operations[], size_t count, bool again, struct arena *arena,
	struct outcome outcomes[])
{
	struct db_array *a = kept.of;
	char window[32];
	DB_ROWS(rows);
	enum error e;

	if (count == 0 || count > LEDGER_BATCH_MAX) {
		log_error("%zu operations in one batch", count);
		return ERR_INTERNAL;
	}
	for (size_t i = 0; i < ARRAYS; i++) {
		a[i].element = element_of[i];
		db_array_clear(&a[i]);
	}
	for (size_t i = 0; i < count; i++)
		operation_add(&kept, operations[i]);
	snprintf(window, sizeof window, "%" PRId64 " milliseconds", config_number(OPT_CANCEL_WINDOW));
	e = db_execute(db, POST,
		DB_VALUES(db_array(&a[A_ID]), db_array(&a[A_WALLET]), db_array(&a[A_OWNER]), db_array(&a[A_POWER]),
			db_array(&a[A_KIND]), db_array(&a[A_AMOUNT]), db_array(&a[A_REFERENCE]), db_array(&a[A_KEY]),
			db_array(&a[A_FINGERPRINT]), db_array(&a[A_MERCHANT]), db_array(&a[A_DESCRIPTION]),
			db_array(&a[A_METADATA]), db_text(window), db_bool(again),
			db_text(operations[0]->open_missing ? config_text(OPT_DEFAULT_CURRENCY) : NULL)),
		&rows);
	return e != OK ? e : outcomes_read(rows, operations, count, arena, outcomes);
}

void
ledger_thread_end(void)
{
	for (size_t i = 0; i < ARRAYS; i++)
		db_array_free(&kept.of[i]);
}

static void
uuid_write(struct text *t, const char *before, const struct uuid *u, bool there)
{
	char text[UUID_TEXT];

	uuid_format(u, text);
	text_add_string(t, before);
	text_add_json(t, there ? text : NULL);
}

/* Members in the contract's order. */
void
posting_write(struct text *t, const struct posting *p, bool with_owner)
{
	char created[INSTANT_TEXT];

	instant_format(p->created_at, created);
	uuid_write(t, "{\"id\":", &p->id, true);
	uuid_write(t, ",\"wallet_id\":", &p->wallet, true);
	TEXT_LITERAL(t, ",\"kind\":");
	text_add_json(t, kind_names[p->kind]);
	TEXT_LITERAL(t, ",\"amount\":");
	text_add_number(t, p->amount.minor < 0 ? -p->amount.minor : p->amount.minor);
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
	TEXT_LITERAL(t, ",\"created_at\":");
	text_add_json(t, created);
	if (with_owner)
		uuid_write(t, ",\"owner_id\":", &p->owner, true);
	TEXT_LITERAL(t, "}");
}
