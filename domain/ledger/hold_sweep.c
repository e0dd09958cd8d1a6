/* hold_sweep.c - releases expired holds, as rows in their wallets' histories; see hold_sweep.h.
 *
 * It runs in the relay's process, because the relay is the one consumer that works without
 * RabbitMQ, and an expired hold must not wait for a broker. hold_expire() does the work in small
 * commits: each call releases up to SWEEP_BATCH holds, and returns how many. */
#include "domain/ledger/hold_sweep.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/db/db.h"
#include "domain/ledger/keeping.h"

/* Small: until each commit, its wallets are locked. */
#define SWEEP_BATCH 200

static const struct db_statement expire_sql = { "hold_expire", "SELECT hold_expire($1::integer)",
	DB_IDEMPOTENT };

/* Releases everything that has expired by now. */
static enum error
sweep(struct db *db)
{
	int64_t released = SWEEP_BATCH;

	while (released == SWEEP_BATCH && !program_stopping()) {
		DB_ROWS(rows);
		enum error e = db_execute(db, &expire_sql, DB_VALUES(db_number(SWEEP_BATCH)),
			&rows);

		if (e != OK)
			return e;
		released = rows_number(rows, 0, 0);
		if (released > 0)
			log_info("released %" PRId64 " expired holds", released);
	}
	return OK;
}

/* Forgetting old rows is not urgent. */
#define KEEPING_MS 60000

static enum error
sweep_all(struct db *db, int64_t *keeping_at)
{
	enum error e = sweep(db);

	if (e != OK || clock_monotonic_ms() < *keeping_at)
		return e;
	*keeping_at = clock_monotonic_ms() + KEEPING_MS;
	return keeping_sweep(db);
}

bool
hold_sweep(bool once)
{
	struct db *db = NULL;
	int64_t keeping_at = 0;
	enum error e;

	do {
		/* A failure has been logged; the next round tries again. */
		if (db == NULL && (db = db_new(config_text(OPT_WALLET_DATABASE_URL))) == NULL)
			e = ERR_OVERLOADED;
		else
			e = sweep_all(db, &keeping_at);
	} while (!once && program_sleep((int)config_number(OPT_HOLD_SWEEP)));
	db_free(db);
	return e == OK || !once;
}
