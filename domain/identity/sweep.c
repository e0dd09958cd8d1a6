/* sweep.c - deletes expired rows; see sweep.h.
 *
 * There is no timer: requests that add rows remove expired ones now and then. So the tables stay
 * bounded, and plain CGI needs no extra program. */
#include "domain/identity/sweep.h"

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "domain/identity/attempts.h"

#define SWEEP_ONE_IN 16 /* fewer than the sessions that one sweep deletes: no pile-up */

/* A failure does not stop the other sweeps. */
static void
sweep_one(struct auth *auth, const struct db_statement *statement, const struct db_value *values,
	size_t count)
{
	enum error e = db_query(auth->pool, statement, values, count, NULL);

	if (e != OK)
		log_warn("%s failed: %s; a later sweep retries it", statement->name,
			error_code(e));
}

/* Each finds its rows by an index, and deletes them by ctid. The planner takes a third of the rows
 * for older than a parameter, so without ORDER BY, and with a join instead of ARRAY, it would read
 * the whole table. It would for clock_timestamp(), too, which is volatile. */

/* Only a few at a time, because deleting a session can cascade to hundreds of spent tokens. Skips
 * sessions that another transaction has locked. */
static const struct db_statement sweep_sessions_sql = { "sweep_sessions",
	"DELETE FROM session WHERE ctid = ANY (ARRAY (SELECT ctid FROM session"
	" WHERE least(expires_at, ended_at) < now() - " DB_MS("$1")
	" ORDER BY least(expires_at, ended_at) LIMIT 20 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

static const struct db_statement sweep_tokens_sql = { "sweep_tokens",
	"DELETE FROM spent_token WHERE ctid = ANY (ARRAY (SELECT ctid FROM spent_token"
	" WHERE spent_at < now() - " DB_MS("$1")
	" ORDER BY spent_at LIMIT 1000 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

/* Most spent tokens go after an hour: see refresh_token.h. The grace period is shorter. */
static const struct db_statement thin_tokens_sql = { "thin_tokens",
	"DELETE FROM spent_token WHERE ctid = ANY (ARRAY (SELECT ctid FROM spent_token"
	" WHERE rotation % 128 <> 0 AND spent_at < now() - interval '1 hour'"
	" ORDER BY spent_at LIMIT 1000 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

static const struct db_statement sweep_attempts_sql = { "sweep_attempts",
	"DELETE FROM sign_in_attempt WHERE ctid = ANY (ARRAY (SELECT ctid FROM sign_in_attempt"
	" WHERE tried_at < now() - " DB_MS("$1")
	" ORDER BY tried_at LIMIT 1000 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

/* A bucket that is empty says nothing. */
static const struct db_statement sweep_buckets_sql = { "sweep_buckets",
	"DELETE FROM attempt_bucket WHERE ctid = ANY (ARRAY (SELECT ctid FROM attempt_bucket"
	" WHERE empty_at < now() ORDER BY empty_at LIMIT 1000 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

static const struct db_statement sweep_devices_sql = { "sweep_devices",
	"DELETE FROM known_device WHERE ctid = ANY (ARRAY (SELECT ctid FROM known_device"
	" WHERE seen_at < now() - " DB_MS("$1")
	" ORDER BY seen_at LIMIT 1000 FOR UPDATE SKIP LOCKED))",
	DB_IDEMPOTENT };

void
sweep_some(struct auth *auth)
{
	if (random_below(SWEEP_ONE_IN) != 0)
		return;
	/* Tokens before sessions, so that fewer tokens are left to cascade to. */
	sweep_one(auth, &sweep_tokens_sql,
		DB_VALUES(db_number(config_number(OPT_SPENT_TOKEN_KEEP))));
	sweep_one(auth, &thin_tokens_sql, DB_NO_VALUES);
	sweep_one(auth, &sweep_sessions_sql, DB_VALUES(db_number(config_number(OPT_SESSION_KEEP))));
	sweep_one(auth, &sweep_attempts_sql, DB_VALUES(db_number(attempt_memory_ms())));
	sweep_one(auth, &sweep_buckets_sql, DB_NO_VALUES);
	sweep_one(auth, &sweep_devices_sql, DB_VALUES(db_number(config_number(OPT_DEVICE_KEEP))));
}
