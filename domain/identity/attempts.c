/* attempts.c - throttles failed sign-ins; see attempts.h. */
#include "domain/identity/attempts.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

/* SIGN_IN_FREE_ATTEMPTS is at most 100, and a delay doubles at most 20 times. */
#define DELAYS_MAX 160

/* Stops doubling at the maximum, so it cannot overflow. */
int64_t
attempt_delay_ms(int64_t failures)
{
	int64_t excess = failures - config_number(OPT_SIGN_IN_FREE_ATTEMPTS);
	int64_t max = config_number(OPT_SIGN_IN_DELAY_MAX);
	int64_t delay = config_number(OPT_SIGN_IN_DELAY);

	if (excess < 0)
		return 0;
	while (excess-- > 0 && delay < max)
		delay *= 2;
	return delay < max ? delay : max;
}

/* The last element stands for every further failure. */
bool
attempts_start(struct auth *auth)
{
	auth->delays.element = DB_INT8_ARRAY;
	for (int64_t n = 1; n <= DELAYS_MAX; n++) {
		db_array_add_number(&auth->delays, attempt_delay_ms(n));
		if (attempt_delay_ms(n) == config_number(OPT_SIGN_IN_DELAY_MAX))
			break;
	}
	auth->delays_value = db_array(&auth->delays);
	return !auth->delays.failed;
}

void
attempt_key(const struct auth *auth, const char *email, unsigned char key[ATTEMPT_KEY])
{
	char small[256]; /* no account has a longer address: EMAIL_MAX */
	size_t n = 0;

	for (; n < sizeof small && email[n] != '\0'; n++)
		small[n] = (char)tolower((unsigned char)email[n]);
	crypto_generichash(key, ATTEMPT_KEY, (const unsigned char *)small, n, auth->secret,
		sizeof auth->secret);
}

/* Longer than the longest delay: waiting it out must not reset the count. */
int64_t
attempt_memory_ms(void)
{
	return 4 * config_number(OPT_SIGN_IN_DELAY_MAX);
}

/* $1 key, $2 delays by number of failures, $3 milliseconds after which failures are forgotten.
 * Counting before the attempt keeps concurrent attempts from all being free. A success deletes the
 * row. */
static const struct db_statement attempt_begin_sql = { "attempt_begin",
	"WITH tried AS (INSERT INTO sign_in_attempt AS a (key, failures, tried_at, next_at)"
	" VALUES ($1, 1, clock_timestamp(), clock_timestamp() + ($2::bigint[])[1]" DB_MILLISECONDS
	") ON CONFLICT (key) DO UPDATE SET tried_at = clock_timestamp(),"
	" failures = CASE WHEN a.tried_at < clock_timestamp() - $3::bigint" DB_MILLISECONDS
	" THEN 1 ELSE a.failures + 1 END,"
	" next_at = clock_timestamp() + ($2::bigint[])["
	"CASE WHEN a.tried_at < clock_timestamp() - $3::bigint" DB_MILLISECONDS
	" THEN 1 ELSE least(a.failures + 1, cardinality($2::bigint[])) END]" DB_MILLISECONDS
	" WHERE a.next_at <= clock_timestamp() RETURNING 1)"
	" SELECT EXISTS (SELECT FROM tried) AS allowed,"
	" (SELECT ceil(extract(epoch FROM next_at - clock_timestamp()))::bigint"
	" FROM sign_in_attempt WHERE key = $1) AS wait_s",
	DB_IDEMPOTENT };

struct attempt {
	bool allowed;
	int64_t wait_s;
};

static const struct db_column attempt_columns[] = {
	DB_COLUMN(BOOL, "allowed", struct attempt, allowed),
	DB_COLUMN(NUMBER, "wait_s", struct attempt, wait_s),
};

enum error
attempt_begin(struct auth *auth, const unsigned char key[ATTEMPT_KEY], int64_t *wait_s)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, &attempt_begin_sql,
		DB_VALUES(db_bytes(key, ATTEMPT_KEY), auth->delays_value,
			db_number(attempt_memory_ms())),
		&rows);
	struct attempt attempt;

	if (e != OK || (e = rows_read(rows, 0, DB_COLUMNS(attempt_columns), NULL, &attempt)) != OK)
		return e;
	*wait_s = attempt.wait_s < 1 ? 1 : attempt.wait_s;
	return attempt.allowed ? OK : ERR_TOO_MANY_ATTEMPTS;
}

/* Concurrent failures keep their count; the undo can only shorten their delay. */
static const struct db_statement attempt_undo_sql = { "attempt_undo",
	"UPDATE sign_in_attempt SET failures = greatest(failures - 1, 0), next_at = tried_at"
	" WHERE key = $1",
	DB_ONCE };

void
attempt_undo(struct auth *auth, const unsigned char key[ATTEMPT_KEY])
{
	enum error e = db_query(auth->pool, &attempt_undo_sql,
		DB_VALUES(db_bytes(key, ATTEMPT_KEY)), NULL);

	if (e != OK)
		log_warn("could not undo the count of a sign-in attempt: %s", error_code(e));
}

static const struct db_statement attempts_forget_sql = { "attempts_forget",
	"DELETE FROM sign_in_attempt WHERE key = $1", DB_IDEMPOTENT };

enum error
attempts_forget(struct auth *auth, const unsigned char key[ATTEMPT_KEY])
{
	return db_query(auth->pool, &attempts_forget_sql, DB_VALUES(db_bytes(key, ATTEMPT_KEY)),
		NULL);
}
