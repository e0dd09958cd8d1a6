/* sweep.c - removes rows that have had their time; see sweep.h. */
#include "domain/identity/sweep.h"

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "domain/identity/attempts.h"

#define SWEEP_ONE_IN 16 /* fewer sign-ins than a sweep removes sessions, so they cannot pile up */

/* One that fails keeps no other from its turn. */
static void
sweep_one(struct auth *auth, const struct db_statement *statement, const struct db_value *values,
	size_t count)
{
	enum error e = db_query(auth->pool, statement, values, count, NULL);

	if (e != OK)
		log_warn("%s failed (%s): a later one tries again", statement->name, error_code(e));
}

/* A few at a time, and never one that somebody else holds. A session takes its spent tokens with
 * it, hundreds maybe. */
static const struct db_statement sweep_sessions_sql = { "sweep_sessions",
	"DELETE FROM session WHERE id IN (SELECT id FROM session"
	" WHERE least(expires_at, ended_at) < now() - interval '7 days' LIMIT 20 FOR UPDATE SKIP LOCKED)",
	DB_AGAIN };

static const struct db_statement sweep_tokens_sql = { "sweep_tokens",
	"DELETE FROM spent_token WHERE token_hash IN (SELECT token_hash FROM spent_token"
	" WHERE spent_at < now() - $1::bigint" DB_MILLISECONDS " LIMIT 1000)",
	DB_AGAIN };

static const struct db_statement sweep_attempts_sql = { "sweep_attempts",
	"DELETE FROM sign_in_attempt WHERE key IN (SELECT key FROM sign_in_attempt"
	" WHERE tried_at < clock_timestamp() - $1::bigint" DB_MILLISECONDS
	" LIMIT 1000 FOR UPDATE SKIP LOCKED)",
	DB_AGAIN };

void
sweep_some(struct auth *auth)
{
	if (random_below(SWEEP_ONE_IN) != 0)
		return;
	/* Tokens before sessions: the fewer a session still has, the less its end takes with it. */
	sweep_one(auth, &sweep_tokens_sql,
		DB_VALUES(db_number(config_number(OPT_REFRESH_TOKEN_TIME))));
	sweep_one(auth, &sweep_sessions_sql, DB_NO_VALUES);
	sweep_one(auth, &sweep_attempts_sql, DB_VALUES(db_number(attempt_memory_ms())));
}
