/* authorizers.c - notifications that are confirmed by advisory locks; see authorizers.h.
 *
 * The numbers are transaction ids, cut to 31 bits. A transaction gets its id before it commits, and
 * ours begins after the commit of what it follows. So an authorizer that confirmed a larger number
 * has applied everything that was committed before ours. */
#include "domain/identity/authorizers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bind.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "domain/identity/identity.h"

#define WAIT_MS 1000
#define PAUSE_MAX_MS 20
#define NUMBER "(pg_current_xact_id()::text::bigint & 2147483647)"
#define LOCK_CLASS "1886745203" /* "purs" */

/* Authorizers' locks in this database. */
#define AUTHORIZER_LOCKS \
	"FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS \
	" AND l.objsubid = 2 AND l.granted" \
	" AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"

/* ---- waiting ---- */

struct announced {
	int64_t number, authorizers;
};

static const struct db_column announced_columns[] = {
	DB_COLUMN(NUMBER, "number", struct announced, number),
	DB_COLUMN(NUMBER, "authorizers", struct announced, authorizers),
};

static const struct db_statement authorizers_ask_sql = { "authorizers_ask",
	"SELECT number, pg_notify('" SESSION_ENDED "', '#' || number),"
	" (SELECT count(*) " AUTHORIZER_LOCKS ") AS authorizers"
	" FROM (SELECT " NUMBER " AS number) AS own",
	DB_IDEMPOTENT };

/* $1: the number. Numbers wrap around, so the half before ours is smaller. */
static const struct db_statement authorizers_behind_sql = { "authorizers_behind",
	"SELECT count(*) AS authorizers, $1::bigint AS number " AUTHORIZER_LOCKS
	" AND (($1 - l.objid::bigint) & 2147483647) BETWEEN 1 AND 1073741823",
	DB_IDEMPOTENT };

/* A connection, or a pool of them. */
struct where {
	struct db_pool *pool;
	struct db *db;
};

static enum error
ask(const struct where *where, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct announced *out)
{
	DB_ROWS(rows);
	enum error e = where->pool != NULL
			       ? db_query(where->pool, statement, values, count, &rows)
			       : db_execute(where->db, statement, values, count, &rows);

	return e == OK ? rows_read(rows, 0, DB_COLUMNS(announced_columns), NULL, out) : e;
}

static void
wait_for_all(const struct where *where)
{
	int64_t until = clock_monotonic_ms() + WAIT_MS;
	struct announced a;
	enum error e = ask(where, &authorizers_ask_sql, DB_NO_VALUES, &a);

	for (int pause_ms = 1; e == OK && a.authorizers > 0;) {
		e = ask(where, &authorizers_behind_sql, DB_VALUES(db_number(a.number)), &a);
		if (e != OK || a.authorizers == 0)
			break;
		if (clock_monotonic_ms() >= until) {
			log_warn("%" PRId64 " authorizers did not confirm a change within %d ms",
				a.authorizers, WAIT_MS);
			return;
		}
		clock_sleep_ms(pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
	if (e != OK)
		log_warn("could not ask whether the authorizers have applied a change: %s",
			error_code(e));
}

void
authorizers_wait(struct db_pool *pool)
{
	const struct where where = { .pool = pool };

	wait_for_all(&where);
}

void
authorizers_wait_on(struct db *db)
{
	const struct where where = { .db = db };

	wait_for_all(&where);
}

/* ---- confirming ---- */

struct joined {
	int64_t number, backend;
};

static const struct db_column joined_columns[] = {
	DB_COLUMN(NUMBER, "number", struct joined, number),
	DB_COLUMN(NUMBER, "backend", struct joined, backend),
};

static const struct db_statement authorizer_join_sql = { "authorizer_join",
	"SELECT number, pg_backend_pid()::bigint AS backend,"
	" pg_advisory_lock_shared(" LOCK_CLASS ", number::int)"
	" FROM (SELECT " NUMBER " AS number) AS own",
	DB_ONCE };

/* $1: the new number, $2: the one before. The new lock is taken first. */
static const struct db_statement authorizer_confirm_sql = { "authorizer_confirm",
	"SELECT $1::bigint AS number, pg_backend_pid()::bigint AS backend,"
	" pg_advisory_lock_shared(" LOCK_CLASS ", $1::int),"
	" pg_advisory_unlock_shared(" LOCK_CLASS ", $2::bigint::int)",
	DB_ONCE };

static const struct db_statement authorizer_check_sql = { "authorizer_check",
	"SELECT 0::bigint AS number, pg_backend_pid()::bigint AS backend", DB_ONCE };

static enum error
tell(struct authorizer *a, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct joined *out)
{
	DB_ROWS(rows);
	enum error e = db_execute(a->db, statement, values, count, &rows);

	return e == OK ? rows_read(rows, 0, DB_COLUMNS(joined_columns), NULL, out) : e;
}

enum error
authorizer_join(struct authorizer *a)
{
	struct joined joined;
	enum error e = tell(a, &authorizer_join_sql, DB_NO_VALUES, &joined);

	if (e == OK) {
		a->confirmed = joined.number;
		a->backend = joined.backend;
	}
	return e;
}

bool
authorizer_is_number(const char *payload, int64_t *number)
{
	return payload[0] == '#' && number_parse(payload + 1, number) && *number >= 0 &&
	       *number <= INT32_MAX;
}

enum error
authorizer_confirm(struct authorizer *a, int64_t number)
{
	struct joined joined;
	enum error e;

	/* A later commit can have the smaller number. */
	if (((number - a->confirmed) & INT32_MAX) > INT32_MAX / 2)
		return OK;
	e = tell(a, &authorizer_confirm_sql, DB_VALUES(db_number(number), db_number(a->confirmed)),
		&joined);
	if (e != OK)
		return e;
	a->confirmed = number;
	return joined.backend == a->backend ? OK : ERR_UNAVAILABLE;
}

/* db_execute() reconnects silently; the new connection does not listen. */
enum error
authorizer_check(struct authorizer *a)
{
	struct joined joined;
	enum error e = tell(a, &authorizer_check_sql, DB_NO_VALUES, &joined);

	if (e != OK)
		return e;
	return joined.backend == a->backend ? OK : ERR_UNAVAILABLE;
}
