/* hold_sweep.c - releases holds that have expired, as rows of their wallets' histories; see
 * hold_sweep.h.
 *
 * It runs beside the relay because that is the one consumer which works without RabbitMQ, and an
 * expired hold must not wait for a broker. The database does the work by small commits:
 * hold_expire() releases so many and says how many. */
#include "domain/ledger/hold_sweep.h"

#include <inttypes.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/db/db.h"

#define AT_ONCE 200

static const struct db_statement expire_sql = { "hold_expire", "SELECT hold_expire($1::integer)",
	DB_AGAIN };

/* Everything that has expired by now. */
static enum error
sweep(struct db *db)
{
	int64_t released = AT_ONCE;

	while (released == AT_ONCE && !program_stopping()) {
		DB_ROWS(rows);
		enum error e = db_execute(db, &expire_sql, DB_VALUES(db_number(AT_ONCE)), &rows);

		if (e != OK)
			return e;
		released = rows_number(rows, 0, 0);
		if (released > 0)
			log_info("%" PRId64 " expired holds are released", released);
	}
	return OK;
}

bool
hold_sweep(bool once)
{
	struct db *db = db_new(config_text(OPT_WALLET_DATABASE_URL));
	enum error e = db != NULL ? OK : ERR_OVERLOADED;

	while (db != NULL) {
		e = sweep(db); /* a failure is logged already; the next turn tries again */
		if (once || !program_sleep((int)config_number(OPT_HOLD_SWEEP)))
			break;
	}
	db_free(db);
	return e == OK || !once;
}
