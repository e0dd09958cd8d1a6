/* limits.c - reads and writes limits in the database; see limits.h. */
#include "domain/ledger/limits.h"

#include <string.h>

#include "common/base/invariant.h"
#include "domain/ledger/limit_fill.h"

const char *const limit_periods[LIMIT_PERIODS + 1] = { "transaction", "day", "month", NULL };

/* The arrays belong to the caller, even if memory ran out: the query then reports it. */
struct limit_arrays
limit_arrays_make(const struct limits *l)
{
	struct limit_arrays a = { { .element = DB_TEXT_ARRAY }, { .element = DB_TEXT_ARRAY },
		{ .element = DB_INT8_ARRAY } };

	for (size_t i = 0; i < l->count; i++) {
		db_array_add_text(&a.kinds, l->list[i].kind);
		db_array_add_text(&a.periods, l->list[i].per);
		if (l->list[i].has_amount)
			db_array_add_number(&a.amounts, l->list[i].amount.minor);
		else
			db_array_add_null(&a.amounts);
	}
	return a;
}

void
limit_arrays_free(struct limit_arrays *a)
{
	db_array_free(&a->kinds);
	db_array_free(&a->periods);
	db_array_free(&a->amounts);
}

/* ---- rows ---- */

/* A limit as stored. Kind and period are indexes into our own lists, so no text is copied. */
struct row {
	int kind, per;
	struct limit limit;
};

#define COLUMN(type, name, member) DB_COLUMN(type, name, struct row, member)
#define RULE_COLUMNS                                                                               \
	DB_COLUMN_ENUM("kind", struct row, kind, limit_kinds),                                     \
		DB_COLUMN_ENUM("per", struct row, per, limit_periods),                             \
		DB_COLUMN_OPTIONAL(NUMBER, "amount", struct row, limit.amount, limit.has_amount)

static const struct db_column rule_columns[] = { RULE_COLUMNS };
static const struct db_column in_force_columns[] = {
	RULE_COLUMNS,
	COLUMN(TEXT, "source", limit.source),
	DB_COLUMN_OPTIONAL(NUMBER, "used", struct row, limit.used, limit.has_used),
	COLUMN(INSTANT, "frees_at", limit.frees_at),
};

/* The primary key allows one rule per kind and period, so the rows always fit. */
static enum error
rules_read(const struct db_rows *rows, const struct db_column *columns, size_t count,
	struct arena *arena, struct limits *l)
{
	INVARIANT(rows_count(rows) <= LIMITS_MAX, "%zu limits", rows_count(rows));
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct row row = { 0 };
		enum error e = rows_read(rows, i, columns, count, arena, &row);

		if (e != OK)
			return e;
		row.limit.kind = limit_kinds[row.kind];
		row.limit.per = limit_periods[row.per];
		l->list[l->count++] = row.limit;
	}
	return OK;
}

static const struct db_statement limits_sql = { "limits",
	"SELECT kind, per, amount, source, used, frees_at FROM wallet_limits($1)", DB_IDEMPOTENT };

/* The first limit whose usage is not added up yet, or NULL. */
static const struct limit *
pending(const struct limits *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->list[i].has_used && strcmp(l->list[i].per, "transaction") != 0)
			return &l->list[i];
	return NULL;
}

static enum error
limits_query(struct db_pool *p, const struct uuid *wallet, struct arena *arena, struct limits *l)
{
	DB_ROWS(rows);
	enum error e = db_query(p, &limits_sql, DB_VALUES(db_uuid(wallet)), &rows);

	*l = (struct limits){ 0 };
	return e != OK ? e : rules_read(rows, DB_COLUMNS(in_force_columns), arena, l);
}

enum error
limits_of_wallet(struct db_pool *p, const struct uuid *wallet, struct arena *arena,
	struct limits *l)
{
	int64_t steps = LIMIT_FILL_STEPS;
	const struct limit *missing = NULL;
	char id[UUID_TEXT];
	enum error e;

	uuid_format(wallet, id);
	while ((e = limits_query(p, wallet, arena, l)) == OK && (missing = pending(l)) != NULL &&
	       steps > 0) {
		const char *what = arena_printf(arena, "{\"wallet_id\":\"%s\",\"kind\":\"%s\"}",
			id, missing->kind);

		if (what == NULL)
			return ERR_TOO_LARGE;
		if ((e = limit_fill_pooled(p, what, &steps)) != OK)
			return e;
	}
	return e == OK && missing != NULL ? ERR_UNAVAILABLE : e;
}

static const struct db_statement currency_limits_sql = { "currency_limits",
	"SELECT kind, per, amount FROM currency_limits($1)", DB_IDEMPOTENT };

static const struct db_statement currency_credit_sql = { "currency_credit",
	"SELECT credit_limit FROM currency_default WHERE currency = $1", DB_IDEMPOTENT };

static const struct db_column credit_columns[] = {
	DB_COLUMN(NUMBER, "credit_limit", struct limits, credit),
};

/* Two statements, not one snapshot: a change in between shows old limits with a new
 * credit limit, once. */
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
		e = rows_read(credit, 0, DB_COLUMNS(credit_columns), NULL, l);
	return e != OK ? e : rules_read(rows, DB_COLUMNS(rule_columns), NULL, l);
}

static const struct db_statement currency_limits_set_sql = { "currency_limits_set",
	"SELECT currency_limits_set($1, $2::bigint, $3, $4, $5, $6, $7)", DB_IDEMPOTENT };

enum error
limits_of_currency_set(struct db_pool *p, const char *currency, const struct limits *l,
	const struct caller *caller)
{
	struct limit_arrays a = limit_arrays_make(l);
	DB_ROWS(rows);
	enum error e = db_query(p, &currency_limits_set_sql,
		DB_VALUES(db_text(currency), db_number(l->credit.minor), db_array(&a.kinds),
			db_array(&a.periods), db_array(&a.amounts), db_uuid(&caller->user),
			db_text(caller->request)),
		&rows);

	limit_arrays_free(&a);
	return e != OK ? e : error_from_code(rows_text(rows, 0, 0));
}
