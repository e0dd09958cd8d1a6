/* limit_fill.c - completes the counters of limits; see limit_fill.h. */
#include "domain/ledger/limit_fill.h"

static const struct db_statement limit_fill_sql = { "limit_fill",
	"SELECT limit_fill(($1::json ->> 'wallet_id')::uuid, $1::json ->> 'kind')", DB_IDEMPOTENT };

static enum error
fill(struct db *db, struct db_pool *pool, const char *refusal, int64_t *steps)
{
	bool complete = false;

	for (; !complete && *steps > 0; --*steps) {
		DB_ROWS(rows);
		enum error e = db != NULL
			? db_execute(db, &limit_fill_sql, DB_VALUES(db_text(refusal)), &rows)
			: db_query(pool, &limit_fill_sql, DB_VALUES(db_text(refusal)), &rows);

		if (e != OK)
			return e;
		complete = rows_bool(rows, 0, 0);
	}
	return OK;
}

enum error
limit_fill(struct db *db, const char *refusal, int64_t *steps)
{
	return fill(db, NULL, refusal, steps);
}

enum error
limit_fill_pooled(struct db_pool *pool, const char *refusal, int64_t *steps)
{
	return fill(NULL, pool, refusal, steps);
}
