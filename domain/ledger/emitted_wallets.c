/* emitted_wallets.c - finds the wallets of emitted events; see emitted_wallets.h. */
#include "domain/ledger/emitted_wallets.h"

#include <string.h>

static bool
same(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static enum error
currency_set(struct emitted *m, const char *currency, struct arena *arena)
{
	m->currency = arena_strdup(arena, currency);
	return m->currency != NULL ? OK : ERR_OVERLOADED;
}

/* ---- by the transaction that they undo ---- */

static const struct db_statement find_originals_sql = { "find_originals",
	"SELECT t.id, t.wallet_id, t.owner_id, t.currency FROM transaction_shown t"
	" WHERE t.id = ANY ($1)",
	DB_IDEMPOTENT };

struct original {
	struct uuid id, wallet, owner;
	const char *currency;
};
static const struct db_column original_columns[] = {
	DB_COLUMN(UUID, "id", struct original, id),
	DB_COLUMN(UUID, "wallet_id", struct original, wallet),
	DB_COLUMN(UUID, "owner_id", struct original, owner),
	DB_COLUMN(BORROWED, "currency", struct original, currency),
};

/* A transaction of another user is not found, like over HTTP. */
static enum error
original_apply(const struct original *o, struct emitted *const events[], size_t count,
	struct arena *arena)
{
	enum error e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		struct operation *op = &events[i]->op;

		if (!events[i]->by_reference || !same(&o->id, &op->reference) ||
		    !same(&o->owner, &op->owner))
			continue;
		op->has_wallet = true;
		op->wallet = o->wallet;
		e = currency_set(events[i], o->currency, arena);
	}
	return e;
}

/* The original decides which of the user's wallets is meant, and so the currency, even if the event
 * has no amount. */
static enum error
find_originals(struct db *db, struct emitted *const events[], size_t count, struct arena *arena)
{
	struct db_array ids = { .element = DB_UUID_ARRAY };
	DB_ROWS(rows);
	enum error e = OK;

	for (size_t i = 0; i < count; i++)
		if (events[i]->by_reference)
			db_array_add_uuid(&ids, &events[i]->op.reference);
	if (ids.count > 0)
		e = db_execute(db, &find_originals_sql, DB_VALUES(db_array(&ids)), &rows);
	db_array_free(&ids);
	for (size_t row = 0; e == OK && rows != NULL && row < rows_count(rows); row++) {
		struct original o;

		if ((e = rows_read(rows, row, DB_COLUMNS(original_columns), NULL, &o)) == OK)
			e = original_apply(&o, events, count, arena);
	}
	return e;
}

/* ---- by user and key ---- */

static const struct db_statement find_currencies_sql = { "find_currencies",
	"SELECT n.i, w.currency FROM unnest($1::uuid[], $2::text[])"
	" WITH ORDINALITY AS n(owner_id, key, i)"
	" JOIN wallet w ON w.id = owner_wallet(n.owner_id, n.key)",
	DB_IDEMPOTENT };

struct found {
	int64_t i; /* from 1: which of the events that were asked about */
	const char *currency;
};
static const struct db_column found_columns[] = {
	DB_COLUMN(NUMBER, "i", struct found, i),
	DB_COLUMN(BORROWED, "currency", struct found, currency),
};

static bool
needs_currency(const struct emitted *m)
{
	return m->has_major && m->currency == NULL;
}

/* The owner table names the wallet that a request without wallet_id means. */
static enum error
currencies_query(struct db *db, struct emitted *const asked[], size_t count, struct db_rows **rows)
{
	struct db_array ids = { .element = DB_UUID_ARRAY }, keys = { .element = DB_TEXT_ARRAY };
	enum error e = OK;

	for (size_t i = 0; i < count; i++) {
		db_array_add_uuid(&ids, &asked[i]->op.owner);
		db_array_add_text(&keys, asked[i]->op.key);
	}
	if (count > 0)
		e = db_execute(db, &find_currencies_sql,
			DB_VALUES(db_array(&ids), db_array(&keys)), rows);
	db_array_free(&ids);
	db_array_free(&keys);
	return e;
}

/* The key decides with the user: a repeated event belongs to the wallet of the first one. */
static enum error
find_currencies(struct db *db, struct emitted *const events[], size_t count, struct arena *arena)
{
	struct emitted **asked = arena_alloc(arena, (count + 1) * sizeof(void *));
	DB_ROWS(rows);
	size_t n = 0;
	enum error e;

	if (asked == NULL)
		return ERR_OVERLOADED;
	for (size_t i = 0; i < count; i++)
		if (needs_currency(events[i]))
			asked[n++] = events[i];
	e = currencies_query(db, asked, n, &rows);
	for (size_t row = 0; e == OK && rows != NULL && row < rows_count(rows); row++) {
		struct found f;

		e = rows_read(rows, row, DB_COLUMNS(found_columns), NULL, &f);
		if (e == OK)
			e = currency_set(asked[f.i - 1], f.currency, arena);
	}
	return e;
}

enum error
emitted_wallets_find(struct db *db, struct emitted *const events[], size_t count,
	struct arena *arena)
{
	enum error e = find_originals(db, events, count, arena);

	return e != OK ? e : find_currencies(db, events, count, arena);
}
