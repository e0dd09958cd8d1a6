/* history.c - reads the history of wallets: one transaction, a page of them, and open holds. */
#include "domain/ledger/wallets.h"

static const struct db_statement transaction_find_sql = { "transaction_find",
	"SELECT " TRANSACTION_COLUMNS " FROM transaction_shown"
	" WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
	DB_IDEMPOTENT };

/* By id alone: the id's index leads to the row, whichever wallet it is in. */
enum error
transaction_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner,
	struct arena *arena, struct transaction *t)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &transaction_find_sql, DB_VALUES(db_uuid(id), db_uuid(owner)),
		&rows);

	if (e != OK)
		return e;
	return rows_count(rows) == 1 ? transaction_read(rows, 0, arena, t) : ERR_NOT_FOUND;
}

/* An absent filter is NULL, which transaction_page() skips. */
static struct db_value
amount_value(bool present, struct money amount)
{
	return present ? db_number(amount.minor) : db_null();
}

static const struct db_statement transaction_list_sql = { "transaction_list",
	"SELECT " TRANSACTION_COLUMNS " FROM transaction_search($1, $2, $3, $4::timestamptz,"
	" $5::timestamptz, $6::timestamptz, $7, $8::bigint, $9::integer, $10, $11::bigint,"
	" $12::bigint, $13, $14, $15)",
	DB_IDEMPOTENT };

static const struct db_column place_columns[] = {
	DB_COLUMN(UUID, "wallet_id", struct transaction, wallet),
	DB_COLUMN(NUMBER, "version", struct transaction, version),
	DB_COLUMN(INSTANT, "created_at", struct transaction, created_at),
};

/* The last row has no id if the search stopped there: see transaction_search(). */
static enum error
page_read(const struct db_rows *rows, struct arena *arena, struct transaction_page *page)
{
	size_t count = rows_count(rows);
	enum error e;

	*page = (struct transaction_page){ .more = count > 0 && rows_null(rows, count - 1, 0) };
	page->count = page->more ? count - 1 : count;
	page->list = arena_alloc(arena, count * sizeof *page->list);
	if (page->list == NULL && count > 0)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < page->count; i++)
		if ((e = transaction_read(rows, i, arena, &page->list[i])) != OK)
			return e;
	return page->more
		? rows_read(rows, count - 1, DB_COLUMNS(place_columns), NULL, &page->last)
		: OK;
}

enum error
transaction_list(struct db_pool *p, const struct transaction_query *q, struct arena *arena,
	struct transaction_page *page)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT], at[INSTANT_TEXT];
	struct db_array keys = { .element = DB_TEXT_ARRAY }, values = { .element = DB_TEXT_ARRAY };
	DB_ROWS(rows);
	enum error e;

	for (size_t i = 0; i < q->metadata.count; i++) {
		db_array_add_text(&keys, q->metadata.keys[i]);
		db_array_add_text(&values, q->metadata.values[i]);
	}
	e = db_query(p, &transaction_list_sql,
		DB_VALUES(db_uuid(q->owner), db_uuid(q->wallet), db_text(q->kind),
			q->has_from ? db_instant(q->from, from) : db_null(),
			q->has_to ? db_instant(q->to, to) : db_null(),
			q->has_cursor ? db_instant(q->cursor_at, at) : db_null(),
			db_uuid(q->has_cursor ? &q->cursor_wallet : NULL),
			q->has_cursor ? db_number(q->cursor_version) : db_null(),
			db_number(q->limit), db_text(q->merchant),
			amount_value(q->has_min_amount, q->min_amount),
			amount_value(q->has_max_amount, q->max_amount),
			db_text(q->text), q->metadata.count > 0 ? db_array(&keys) : db_null(),
			q->metadata.count > 0 ? db_array(&values) : db_null()),
		&rows);
	db_array_free(&keys);
	db_array_free(&values);
	return e != OK ? e : page_read(rows, arena, page);
}

/* ---- holds ---- */

static const struct db_statement holds_sql = { "holds",
	"SELECT id, amount, remaining, expires_at, merchant, description, metadata, created_at"
	" FROM wallet_holds($1, $2, $3::integer)",
	DB_IDEMPOTENT };

static const struct db_column hold_columns[] = {
	DB_COLUMN(UUID, "id", struct hold, id),
	DB_COLUMN(NUMBER, "amount", struct hold, amount),
	DB_COLUMN(NUMBER, "remaining", struct hold, remaining),
	DB_COLUMN(INSTANT, "expires_at", struct hold, expires_at),
	DB_COLUMN(TEXT, "merchant", struct hold, merchant),
	DB_COLUMN(TEXT, "description", struct hold, description),
	DB_COLUMN(TEXT, "metadata", struct hold, metadata),
	DB_COLUMN(INSTANT, "created_at", struct hold, created_at),
};

/* From the table of open holds, which stays small, not from all rows. */
enum error
hold_list(struct db_pool *p, const struct uuid *wallet, const struct uuid *before, int64_t limit,
	struct arena *arena, struct hold **list, size_t *count)
{
	DB_ROWS(rows);
	void *all = NULL;
	enum error e = db_query(p, &holds_sql,
		DB_VALUES(db_uuid(wallet), db_uuid(before), db_number(limit)), &rows);

	if (e == OK)
		e = rows_read_all(rows, DB_COLUMNS(hold_columns), arena, sizeof **list, &all,
			count);
	*list = all;
	return e;
}

/* Written as text, not through jansson: the metadata is JSON already, and is shown as sent. */
void
hold_write(struct text *text, const struct hold *h)
{
	TEXT_LITERAL(text, "{\"id\":");
	text_add_uuid(text, &h->id);
	TEXT_LITERAL(text, ",\"amount\":");
	text_add_number(text, h->amount.minor);
	TEXT_LITERAL(text, ",\"remaining\":");
	text_add_number(text, h->remaining.minor);
	TEXT_LITERAL(text, ",\"expires_at\":");
	text_add_instant(text, h->expires_at);
	TEXT_LITERAL(text, ",\"merchant\":");
	text_add_json(text, h->merchant);
	TEXT_LITERAL(text, ",\"description\":");
	text_add_json(text, h->description);
	TEXT_LITERAL(text, ",\"metadata\":");
	text_add_string(text, h->metadata != NULL ? h->metadata : "null");
	TEXT_LITERAL(text, ",\"created_at\":");
	text_add_instant(text, h->created_at);
	TEXT_LITERAL(text, "}");
}
