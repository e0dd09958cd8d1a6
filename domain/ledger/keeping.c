/* keeping.c - forgets old rows of the wallet database; see keeping.h. */
#include "domain/ledger/keeping.h"

#include <inttypes.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

/* Small: the relay waits for each commit. */
#define FORGET_ROWS 500

static const struct db_statement rejections_sql = { "rejections_forget",
	"SELECT rejections_forget($1, $2::integer)", DB_IDEMPOTENT };
static const struct db_statement batch_keys_sql = { "batch_keys_forget",
	"SELECT batch_keys_forget($1, $2::integer)", DB_IDEMPOTENT };

static enum error
forget(struct db *db, const struct db_statement *statement, int64_t keep_ms, const char *what)
{
	int64_t forgotten = FORGET_ROWS, total = 0;

	while (forgotten == FORGET_ROWS && !program_stopping()) {
		DB_ROWS(rows);
		enum error e = db_execute(db, statement,
			DB_VALUES(db_number(keep_ms), db_number(FORGET_ROWS)), &rows);

		if (e != OK)
			return e;
		forgotten = rows_number(rows, 0, 0);
		total += forgotten;
	}
	if (total > 0)
		log_info("forgot %" PRId64 " old %s", total, what);
	return OK;
}

enum error
keeping_sweep(struct db *db)
{
	enum error e = forget(db, &rejections_sql, config_number(OPT_REJECTION_KEEP), "rejections");

	if (e == OK)
		e = forget(db, &batch_keys_sql, config_number(OPT_BATCH_KEY_KEEP), "batch keys");
	return e;
}
