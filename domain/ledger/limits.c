/* limits.c - freezing, closing and limits: the calls of the database; see limits.h. */
#include "domain/ledger/limits.h"

#include <sodium.h>
#include <string.h>

const char *const limit_kinds[] = { "deposit", "withdrawal", "purchase", "hold", "capture", "transfer", NULL };
const char *const limit_periods[] = { "transaction", "day", "month", NULL };

/* Limits as the three arrays that the database takes. */
struct limit_arrays {
	struct db_array kinds, periods, amounts;
};

static struct limit_arrays
limit_arrays_make(const struct limits *l)
{
	struct limit_arrays a = { { .element = DB_TEXT_ARRAY }, { .element = DB_TEXT_ARRAY }, { .element = DB_INT8_ARRAY } };

	for (size_t i = 0; i < l->count; i++) {
		db_array_add_text(&a.kinds, l->list[i].kind);
		db_array_add_text(&a.periods, l->list[i].per);
		if (l->list[i].unlimited)
			db_array_add_null(&a.amounts);
		else
			db_array_add_number(&a.amounts, l->list[i].amount.minor);
	}
	return a;
}

static void
limit_arrays_free(struct limit_arrays *a)
{
	db_array_free(&a->kinds);
	db_array_free(&a->periods);
	db_array_free(&a->amounts);
}

static void
hash_text(crypto_generichash_state *state, const char *text)
{
	if (text != NULL)
		crypto_generichash_update(state, (const unsigned char *)text, strlen(text));
	crypto_generichash_update(state, (const unsigned char *)"", 1);
}

static void
change_fingerprint(struct change *c)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof c->fingerprint);
	hash_text(&state, kind_names[c->kind]);
	hash_text(&state, c->mode);
	hash_text(&state, c->reason);
	for (size_t i = 0; c->limits != NULL && i < c->limits->count; i++) {
		const struct limit *l = &c->limits->list[i];
		int64_t amount = l->unlimited ? -1 : l->amount.minor;

		hash_text(&state, l->kind);
		hash_text(&state, l->per);
		crypto_generichash_update(&state, (const unsigned char *)&amount, sizeof amount);
	}
	if (c->limits != NULL && c->limits->has_credit)
		crypto_generichash_update(&state, (const unsigned char *)&c->limits->credit.minor, sizeof(int64_t));
	crypto_generichash_final(&state, c->fingerprint, sizeof c->fingerprint);
}

static const struct db_statement limits_set_sql = { "limits_set",
	"SELECT " OUTCOME_COLUMNS " FROM wallet_limits_set($1, $2, $3::integer, $4::bigint, $5, $6, $7, $8, $9, $10)",
	DB_AGAIN };

static enum error
limits_set(struct db_pool *p, const struct change *c, struct db_rows **rows)
{
	struct limit_arrays a = limit_arrays_make(c->limits);
	enum error e = db_query(p, &limits_set_sql,
		DB_VALUES(db_uuid(&c->id), db_uuid(&c->wallet), db_number(c->roles),
			c->limits->has_credit ? db_number(c->limits->credit.minor) : db_null(), db_array(&a.kinds),
			db_array(&a.periods), db_array(&a.amounts), db_text(c->reason), db_text(c->key),
			db_bytes(c->key != NULL ? c->fingerprint : NULL, sizeof c->fingerprint)),
		rows);

	limit_arrays_free(&a);
	return e;
}

static const struct db_statement wallet_change_sql = { "wallet_change",
	"SELECT " OUTCOME_COLUMNS " FROM wallet_change($1, $2, $3::integer, $4, $5, $6, $7, $8)", DB_AGAIN };

enum error
wallet_change(struct db_pool *p, struct change *c, struct arena *arena, struct outcome *out)
{
	DB_ROWS(rows);
	enum error e;

	change_fingerprint(c);
	if (c->kind == KIND_LIMIT)
		e = limits_set(p, c, &rows);
	else
		e = db_query(p, &wallet_change_sql,
			DB_VALUES(db_uuid(&c->id), db_uuid(&c->wallet), db_number(c->roles), db_text(kind_names[c->kind]),
				db_text(c->mode), db_text(c->reason), db_text(c->key),
				db_bytes(c->key != NULL ? c->fingerprint : NULL, sizeof c->fingerprint)),
			&rows);
	return e != OK ? e : outcome_from_row(rows, 0, arena, out);
}

/* kind and per of a row, from our own lists: no copy, and no surprise. */
static const char *
known(const char *const list[], const char *text)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

static const struct db_statement limits_sql = { "limits", "SELECT kind, per, amount, source, used, frees_at FROM wallet_limits($1)", DB_AGAIN };

enum error
limits_of_wallet(struct db_pool *p, const struct uuid *wallet, struct arena *arena, struct limits *l)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &limits_sql, DB_VALUES(db_uuid(wallet)), &rows);

	*l = (struct limits){ 0 };
	if (e != OK)
		return e;
	for (size_t i = 0; i < rows_count(rows) && i < LIMITS_MAX; i++)
		l->list[l->count++] = (struct limit){
			.kind = known(limit_kinds, rows_text(rows, i, 0)),
			.per = known(limit_periods, rows_text(rows, i, 1)),
			.unlimited = rows_null(rows, i, 2),
			.amount.minor = rows_number(rows, i, 2),
			.source = arena_strdup(arena, rows_text(rows, i, 3)),
			.has_used = !rows_null(rows, i, 4),
			.used.minor = rows_number(rows, i, 4),
			.frees_at = rows_instant(rows, i, 5),
		};
	return OK;
}

static const struct db_statement currency_limits_sql = { "currency_limits", "SELECT kind, per, amount FROM currency_limits($1)", DB_AGAIN };

static const struct db_statement currency_credit_sql = { "currency_credit",
	"SELECT credit_limit FROM currency_default WHERE currency = $1", DB_AGAIN };

enum error
limits_of_currency(struct db_pool *p, const char *currency, struct limits *l)
{
	DB_ROWS(rows);
	DB_ROWS(credit);
	enum error e;

	*l = (struct limits){ .has_credit = true };
	if ((e = db_query(p, &currency_limits_sql, DB_VALUES(db_text(currency)), &rows)) != OK ||
	    (e = db_query(p, &currency_credit_sql, DB_VALUES(db_text(currency)), &credit)) != OK)
		return e;
	if (rows_count(credit) > 0)
		l->credit.minor = rows_number(credit, 0, 0);
	for (size_t i = 0; i < rows_count(rows) && i < LIMITS_MAX; i++)
		l->list[l->count++] = (struct limit){
			.kind = known(limit_kinds, rows_text(rows, i, 0)),
			.per = known(limit_periods, rows_text(rows, i, 1)),
			.amount.minor = rows_number(rows, i, 2),
		};
	return OK;
}

static const struct db_statement currency_limits_set_sql = { "currency_limits_set",
	"SELECT currency_limits_set($1, $2::bigint, $3, $4, $5)", DB_AGAIN };

enum error
limits_of_currency_set(struct db_pool *p, const char *currency, const struct limits *l)
{
	struct limit_arrays a = limit_arrays_make(l);
	DB_ROWS(rows);
	enum error e = db_query(p, &currency_limits_set_sql,
		DB_VALUES(db_text(currency), db_number(l->credit.minor), db_array(&a.kinds), db_array(&a.periods),
			db_array(&a.amounts)),
		&rows);

	limit_arrays_free(&a);
	return e != OK ? e : error_from_code(rows_text(rows, 0, 0));
}
