/* wallets.c - opening wallets and reading what is there: rows into structs. */
#include "domain/ledger/wallets.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"

#define WALLET_COLUMNS "id, owner_id, currency, name, status, balance, held, available, version, created_at"

struct db_pool *
wallets_pool(const char *url)
{
	return db_pool_new(url, (int)config_number(OPT_DB_POOL));
}

/* The columns of a wallet from `first` on. */
static enum error
wallet_read(const struct db_rows *rows, size_t row, size_t first, struct arena *arena, struct wallet *w)
{
	const char *name = rows_text(rows, row, first + 3);

	*w = (struct wallet){
		.id = rows_uuid(rows, row, first),
		.owner = rows_uuid(rows, row, first + 1),
		.name = name != NULL ? arena_strdup(arena, name) : NULL,
		.status = arena_strdup(arena, rows_text(rows, row, first + 4)),
		.balance.minor = rows_number(rows, row, first + 5),
		.held.minor = rows_number(rows, row, first + 6),
		.available.minor = rows_number(rows, row, first + 7),
		.version = rows_number(rows, row, first + 8),
		.created_at = rows_instant(rows, row, first + 9),
	};
	snprintf(w->currency, sizeof w->currency, "%s", rows_text(rows, row, first + 2));
	return w->status != NULL && (name == NULL || w->name != NULL) ? OK : ERR_TOO_LARGE;
}

static const struct db_statement wallet_open_sql = { "wallet_open",
	"SELECT status, id, owner_id, currency, name, wallet_status, balance, held, available, version, created_at"
	" FROM wallet_open($1, $2, $3, $4, $5, $6, $7::integer, $8)",
	DB_AGAIN };

enum error
wallet_open(struct db_pool *p, const struct opening *o, struct arena *arena, struct wallet *w, bool *replayed)
{
	DB_ROWS(rows);
	const char *status;
	enum error e = db_query(p, &wallet_open_sql,
		DB_VALUES(db_uuid(&o->wallet), db_uuid(&o->owner), db_text(o->currency), db_text(o->name), db_text(o->key),
			db_bytes(o->key != NULL ? o->fingerprint : NULL, sizeof o->fingerprint),
			db_number(config_number(OPT_WALLETS_MAX)), db_uuid(&o->transaction)),
		&rows);

	if (e != OK)
		return e;
	status = rows_text(rows, 0, 0);
	*replayed = strcmp(status, "replayed") == 0;
	if (!*replayed && (e = error_from_code(status)) != OK)
		return e;
	return wallet_read(rows, 0, 1, arena, w);
}

static const struct db_statement wallet_find_sql = { "wallet_find",
	"SELECT " WALLET_COLUMNS " FROM wallet_shown WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)", DB_AGAIN };

enum error
wallet_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner, struct arena *arena, struct wallet *w)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &wallet_find_sql, DB_VALUES(db_uuid(id), db_uuid(owner)), &rows);

	if (e != OK)
		return e;
	return rows_count(rows) == 1 ? wallet_read(rows, 0, 0, arena, w) : ERR_NOT_FOUND;
}

static const struct db_statement wallet_list_sql = { "wallet_list",
	"SELECT " WALLET_COLUMNS " FROM wallet_shown WHERE owner_id = $1"
	" AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT $3::bigint",
	DB_AGAIN };

enum error
wallet_list(struct db_pool *p, const struct uuid *owner, const struct uuid *after, int64_t limit, struct arena *arena,
	struct wallet **list, size_t *count)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &wallet_list_sql, DB_VALUES(db_uuid(owner), db_uuid(after), db_number(limit)), &rows);

	if (e != OK)
		return e;
	*count = rows_count(rows);
	if ((*list = arena_alloc(arena, (*count + 1) * sizeof **list)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < *count && e == OK; i++)
		e = wallet_read(rows, i, 0, arena, &(*list)[i]);
	return e;
}

static const struct db_statement balance_at_sql = { "balance_at",
	"SELECT currency, balance, held, available, version FROM wallet_balance_at($1, $2::timestamptz)", DB_AGAIN };

enum error
wallet_balance_at(struct db_pool *p, const struct uuid *id, instant_us at, struct wallet *w)
{
	char instant[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_query(p, &balance_at_sql, DB_VALUES(db_uuid(id), db_instant(at, instant)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	snprintf(w->currency, sizeof w->currency, "%s", rows_text(rows, 0, 0));
	w->balance.minor = rows_number(rows, 0, 1);
	w->held.minor = rows_number(rows, 0, 2);
	w->available.minor = rows_number(rows, 0, 3);
	w->version = rows_number(rows, 0, 4);
	return OK;
}

static const struct db_statement transaction_find_sql = { "transaction_find",
	"SELECT " POSTING_COLUMNS " FROM transaction_shown WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
	DB_AGAIN };

enum error
transaction_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner, struct arena *arena,
	struct posting *t)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &transaction_find_sql, DB_VALUES(db_uuid(id), db_uuid(owner)), &rows);

	if (e != OK)
		return e;
	return rows_count(rows) == 1 ? posting_from_row(rows, 0, 0, arena, t) : ERR_NOT_FOUND;
}

static const struct db_statement transaction_list_sql = { "transaction_list",
	"SELECT " POSTING_COLUMNS " FROM transaction_page($1, $2, $3, $4::timestamptz, $5::timestamptz,"
	" $6::timestamptz, $7, $8::bigint, $9::integer, $10, $11::bigint, $12::bigint, $13, $14, $15)",
	DB_AGAIN };

enum error
transaction_list(struct db_pool *p, const struct transaction_query *q, struct arena *arena, struct posting **list,
	size_t *count)
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
			q->has_from ? db_instant(q->from, from) : db_null(), q->has_to ? db_instant(q->to, to) : db_null(),
			q->has_cursor ? db_instant(q->cursor_at, at) : db_null(),
			db_uuid(q->has_cursor ? &q->cursor_wallet : NULL),
			q->has_cursor ? db_number(q->cursor_version) : db_null(), db_number(q->limit), db_text(q->merchant),
			q->least.minor > 0 ? db_number(q->least.minor) : db_null(),
			q->most.minor > 0 ? db_number(q->most.minor) : db_null(), db_text(q->text),
			q->metadata.count > 0 ? db_array(&keys) : db_null(),
			q->metadata.count > 0 ? db_array(&values) : db_null()),
		&rows);
	db_array_free(&keys);
	db_array_free(&values);

	if (e != OK)
		return e;
	*count = rows_count(rows);
	if ((*list = arena_alloc(arena, (*count + 1) * sizeof **list)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < *count && e == OK; i++)
		e = posting_from_row(rows, i, 0, arena, &(*list)[i]);
	return e;
}

static const char *
text_copy(const struct db_rows *rows, size_t row, size_t column, struct arena *arena)
{
	const char *text = rows_text(rows, row, column);

	return text != NULL ? arena_strdup(arena, text) : NULL;
}

static const struct db_statement holds_sql = { "holds",
	"SELECT id, amount, remaining, expires_at, merchant, description, metadata, created_at"
	" FROM wallet_holds($1, $2, $3::integer)",
	DB_AGAIN };

enum error
hold_list(struct db_pool *p, const struct uuid *wallet, const struct uuid *before, int64_t limit, struct arena *arena,
	struct hold **list, size_t *count)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &holds_sql, DB_VALUES(db_uuid(wallet), db_uuid(before), db_number(limit)), &rows);

	if (e != OK)
		return e;
	*count = rows_count(rows);
	if ((*list = arena_alloc(arena, (*count + 1) * sizeof **list)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < *count; i++)
		(*list)[i] = (struct hold){
			.id = rows_uuid(rows, i, 0),
			.amount.minor = rows_number(rows, i, 1),
			.remaining.minor = rows_number(rows, i, 2),
			.expires_at = rows_instant(rows, i, 3),
			.merchant = text_copy(rows, i, 4, arena),
			.description = text_copy(rows, i, 5, arena),
			.metadata = text_copy(rows, i, 6, arena),
			.created_at = rows_instant(rows, i, 7),
		};
	return OK;
}

static const struct db_statement balances_sql = { "balances",
	"SELECT starts_at, ends_at, balance, held, available, version"
	" FROM balance_history($1, $2::timestamptz, $3::timestamptz, $4)",
	DB_AGAIN };

enum error
balance_history(struct db_pool *p, const struct uuid *wallet, instant_us from, instant_us to, const char *by,
	struct arena *arena, struct balance_point **points, size_t *count)
{
	char from_text[INSTANT_TEXT], to_text[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_query(p, &balances_sql,
		DB_VALUES(db_uuid(wallet), db_instant(from, from_text), db_instant(to, to_text), db_text(by)), &rows);

	if (e != OK)
		return e;
	*count = rows_count(rows);
	if ((*points = arena_alloc(arena, (*count + 1) * sizeof **points)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < *count; i++)
		(*points)[i] = (struct balance_point){
			.starts_at = rows_instant(rows, i, 0),
			.ends_at = rows_instant(rows, i, 1),
			.balance.minor = rows_number(rows, i, 2),
			.held.minor = rows_number(rows, i, 3),
			.available.minor = rows_number(rows, i, 4),
			.version = rows_number(rows, i, 5),
		};
	return OK;
}

static const struct db_statement health_sql = { "health", "SELECT 1", DB_AGAIN };

enum error
wallets_health(struct db_pool *p)
{
	return db_query(p, &health_sql, DB_NO_VALUES, NULL);
}

json_t *
wallet_json(const struct wallet *w)
{
	char id[UUID_TEXT], owner[UUID_TEXT], created[INSTANT_TEXT];

	uuid_format(&w->id, id);
	uuid_format(&w->owner, owner);
	instant_format(w->created_at, created);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I, s:I, s:I, s:I, s:s}", "id", id, "owner_id", owner, "currency",
		w->currency, "name", w->name, "status", w->status, "balance", (json_int_t)w->balance.minor, "held",
		(json_int_t)w->held.minor, "available", (json_int_t)w->available.minor, "version", (json_int_t)w->version,
		"created_at", created);
}
