/* wallets.c - opens, finds and lists wallets, and reads their balances over time; see wallets.h. */
#include "domain/ledger/wallets.h"

#include <string.h>

#include "common/base/config.h"
#include "common/base/digest.h"
#include "common/base/log.h"

struct db_pool *
wallets_pool(const char *url)
{
	return db_pool_new(url, (int)config_number(OPT_DB_POOL));
}

#define WALLET_COLUMNS                                                                             \
	"id, owner_id, currency, name, status, balance, held, available, version, created_at"

static const struct db_column wallet_columns[] = {
	DB_COLUMN(UUID, "id", struct wallet, id),
	DB_COLUMN(UUID, "owner_id", struct wallet, owner),
	DB_COLUMN(CODE, "currency", struct wallet, currency),
	DB_COLUMN(TEXT, "name", struct wallet, name),
	DB_COLUMN(TEXT, "status", struct wallet, status),
	DB_COLUMN(NUMBER, "balance", struct wallet, balance),
	DB_COLUMN(NUMBER, "held", struct wallet, held),
	DB_COLUMN(NUMBER, "available", struct wallet, available),
	DB_COLUMN(NUMBER, "version", struct wallet, version),
	DB_COLUMN(INSTANT, "created_at", struct wallet, created_at),
};

/* ---- opening ---- */

/* Stored fingerprints predate digest.h: they hash the bytes alone. */
void
opening_fingerprint(struct opening *o)
{
	struct digest d;

	digest_begin(&d, sizeof o->fingerprint);
	digest_add_raw(&d, o->currency, strlen(o->currency));
	if (o->name != NULL)
		digest_add_raw(&d, o->name, strlen(o->name));
	digest_end(&d, o->fingerprint);
}

static const struct db_statement wallet_open_sql = { "wallet_open",
	"SELECT error, " WALLET_COLUMNS
	" FROM wallet_open($1, $2, $3, $4, $5, $6, $7, $8::integer)",
	DB_IDEMPOTENT };

struct opened {
	char error[40];
};
static const struct db_column opened_columns[] = { DB_COLUMN(CODE, "error", struct opened, error) };

/* ERR_INTERNAL if the arena is full: the wallet exists, so the reply must not claim that nothing
 * happened. */
static enum error
opened_read(const struct db_rows *rows, struct arena *arena, struct wallet *w, bool *replayed)
{
	struct opened opened;
	enum error e = rows_read(rows, 0, DB_COLUMNS(opened_columns), NULL, &opened);

	if (e != OK)
		return e;
	*replayed = strcmp(opened.error, "replayed") == 0;
	if (!*replayed && (e = error_from_code(opened.error)) != OK)
		return e;
	if (rows_read(rows, 0, DB_COLUMNS(wallet_columns), arena, w) == OK)
		return OK;
	log_error("a wallet was opened, but its row cannot be read");
	return ERR_INTERNAL;
}

/* The wallet and its first row, version 1 of kind opening, are one commit. */
enum error
wallet_open(struct db_pool *p, const struct opening *o, struct arena *arena, struct wallet *w,
	bool *replayed)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &wallet_open_sql,
		DB_VALUES(db_uuid(&o->wallet), db_uuid(&o->owner), db_uuid(&o->transaction),
			db_text(o->currency), db_text(o->name), db_text(o->key),
			db_bytes(o->key != NULL ? o->fingerprint : NULL, sizeof o->fingerprint),
			db_number(config_number(OPT_WALLETS_MAX))),
		&rows);

	return e != OK ? e : opened_read(rows, arena, w, replayed);
}

/* ---- wallets ---- */

static const struct db_statement wallet_find_sql = { "wallet_find",
	"SELECT " WALLET_COLUMNS " FROM wallet_shown"
	" WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
	DB_IDEMPOTENT };

/* One answer for a wallet that is missing and for another owner's, so existence does not leak. */
enum error
wallet_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner, struct arena *arena,
	struct wallet *w)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &wallet_find_sql, DB_VALUES(db_uuid(id), db_uuid(owner)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	return rows_read(rows, 0, DB_COLUMNS(wallet_columns), arena, w);
}

static const struct db_statement wallet_list_sql = { "wallet_list",
	"SELECT " WALLET_COLUMNS " FROM wallet_shown WHERE owner_id = $1"
	" AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')"
	" ORDER BY id LIMIT $3::bigint",
	DB_IDEMPOTENT };

/* Ids are UUIDv7, so they sort by age, and the last one is the cursor. */
enum error
wallet_list(struct db_pool *p, const struct uuid *owner, const struct uuid *after, int64_t limit,
	struct arena *arena, struct wallet **list, size_t *count)
{
	DB_ROWS(rows);
	void *all = NULL;
	enum error e = db_query(p, &wallet_list_sql,
		DB_VALUES(db_uuid(owner), db_uuid(after), db_number(limit)), &rows);

	if (e == OK)
		e = rows_read_all(rows, DB_COLUMNS(wallet_columns), arena, sizeof **list, &all,
			count);
	*list = all;
	return e;
}

json_t *
wallet_json(const struct wallet *w)
{
	char id[UUID_TEXT], owner[UUID_TEXT], created[INSTANT_TEXT];

	uuid_format(&w->id, id);
	uuid_format(&w->owner, owner);
	instant_format(w->created_at, created);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I, s:I, s:I, s:I, s:s}", "id", id,
		"owner_id", owner, "currency", w->currency, "name", w->name, "status", w->status,
		"balance", (json_int_t)w->balance.minor, "held", (json_int_t)w->held.minor,
		"available", (json_int_t)w->available.minor, "version", (json_int_t)w->version,
		"created_at", created);
}

/* ---- balances over time ---- */

static const struct db_statement balance_at_sql = { "balance_at",
	"SELECT currency, balance, held, available, version"
	" FROM wallet_balance_at($1, $2::timestamptz)",
	DB_IDEMPOTENT };

static const struct db_column balance_columns[] = {
	DB_COLUMN(CODE, "currency", struct wallet, currency),
	DB_COLUMN(NUMBER, "balance", struct wallet, balance),
	DB_COLUMN(NUMBER, "held", struct wallet, held),
	DB_COLUMN(NUMBER, "available", struct wallet, available),
	DB_COLUMN(NUMBER, "version", struct wallet, version),
};

enum error
wallet_balance_at(struct db_pool *p, const struct uuid *id, instant_us at, struct wallet *w)
{
	char instant[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_query(p, &balance_at_sql,
		DB_VALUES(db_uuid(id), db_instant(at, instant)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	return rows_read(rows, 0, DB_COLUMNS(balance_columns), NULL, w);
}

static const struct db_statement balances_sql = { "balances",
	"SELECT starts_at, ends_at, balance, held, available, version"
	" FROM balance_history($1, $2::timestamptz, $3::timestamptz, $4)",
	DB_IDEMPOTENT };

static const struct db_column point_columns[] = {
	DB_COLUMN(INSTANT, "starts_at", struct balance_point, starts_at),
	DB_COLUMN(INSTANT, "ends_at", struct balance_point, ends_at),
	DB_COLUMN(NUMBER, "balance", struct balance_point, balance),
	DB_COLUMN(NUMBER, "held", struct balance_point, held),
	DB_COLUMN(NUMBER, "available", struct balance_point, available),
	DB_COLUMN(NUMBER, "version", struct balance_point, version),
};

enum error
balance_history(struct db_pool *p, const struct uuid *wallet, instant_us from, instant_us to,
	const char *by, struct arena *arena, struct balance_point **points, size_t *count)
{
	char from_text[INSTANT_TEXT], to_text[INSTANT_TEXT];
	DB_ROWS(rows);
	void *all = NULL;
	enum error e = db_query(p, &balances_sql,
		DB_VALUES(db_uuid(wallet), db_instant(from, from_text), db_instant(to, to_text),
			db_text(by)),
		&rows);

	if (e == OK)
		e = rows_read_all(rows, DB_COLUMNS(point_columns), arena, sizeof **points, &all,
			count);
	*points = all;
	return e;
}

static json_t *
point_json(const struct balance_point *p)
{
	char starts[INSTANT_TEXT], ends[INSTANT_TEXT];

	instant_format(p->starts_at, starts);
	instant_format(p->ends_at, ends);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "starts_at", starts, "ends_at", ends,
		"balance", (json_int_t)p->balance.minor, "held", (json_int_t)p->held.minor,
		"available", (json_int_t)p->available.minor, "version", (json_int_t)p->version);
}

json_t *
balance_points_json(const struct balance_point points[], size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, point_json(&points[i]));
	return list;
}

/* Nothing belongs to this one. */
static const struct uuid no_one;

enum error
wallets_health(struct db_pool *p, struct arena *arena)
{
	const struct transaction_query query = { .owner = &no_one, .limit = 1 };
	struct transaction_page page;
	struct transaction t;
	struct wallet w;
	struct hold *holds;
	size_t n;
	enum error e;

	if ((e = wallet_find(p, &no_one, NULL, arena, &w)) != OK && e != ERR_NOT_FOUND)
		return e;
	if ((e = transaction_find(p, &no_one, NULL, arena, &t)) != OK && e != ERR_NOT_FOUND)
		return e;
	if ((e = transaction_list(p, &query, arena, &page)) != OK)
		return e;
	return hold_list(p, &no_one, NULL, 1, arena, &holds, &n);
}
