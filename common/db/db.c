/* db.c - statements and transactions on one connection. See also db_connection.c (the connection),
 * db_await.c (waits for results) and db_pool.c (the pool). */
#include "common/db/db.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/invariant.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

static bool
state_is_one_of(const char *state, const char *const *list)
{
	while (*list != NULL && strncmp(state, *list, strlen(*list)) != 0)
		list++;
	return *list != NULL;
}

/* SQLSTATEs (PostgreSQL's documentation, appendix A) of conditions that pass. 57014 and 55P03: this
 * statement took too long, or waited too long for a lock; others may not. 08: connection; 57:
 * shutdown, restart; 53: out of resources. The others: a table, column, function or privilege is
 * missing, because the database is being restored, or has not been migrated yet. */
static enum error
error_of_state(const char *state)
{
	static const char *const slow[] = { "57014", "55P03", NULL };
	static const char *const unavailable[] = { "08", "57", "53", "42P01", "42703", "42883",
		"42704", "42501", "3F000", NULL };

	if (state_is_one_of(state, slow))
		return ERR_TOO_SLOW;
	return state_is_one_of(state, unavailable) ? ERR_UNAVAILABLE : ERR_INTERNAL;
}

/* Whether a new session can help. The server has executed nothing, and would refuse the statement
 * on this one again: its plans and caches are older than the tables and functions, which pg_restore
 * has replaced (0A000, 26000, XX000), or the server has become a standby (25006). */
static bool
session_is_stale(const char *state, const char *message)
{
	static const char *const states[] = { "0A000", "26000", "25006", NULL };
	/* Internal messages: the server never translates them. */
	static const char *const messages[] = { "cache lookup", "could not open relation", NULL };

	return state_is_one_of(state, states) ||
	       (strcmp(state, "XX000") == 0 && state_is_one_of(message, messages));
}

/* 57P01, 57P02, 57P05, 25P03: the server ends the session. */
static bool
session_is_over(const char *state)
{
	static const char *const states[] = { "57P01", "57P02", "57P05", "25P03", NULL };

	return state_is_one_of(state, states);
}

/* Maps a failed result to an error, and records whether a retry can help. A failed result without a
 * SQLSTATE is libpq's own: the connection broke. */
static enum error
result_error(struct db *db, const PGresult *result, const char *what)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (db->connection == NULL)
		return ERR_UNAVAILABLE; /* closed after a timeout */
	if (PQstatus(db->connection) == CONNECTION_BAD || state == NULL || session_is_over(state)) {
		log_warn("%s: lost the database connection: %s", what,
			PQerrorMessage(db->connection));
		db_suspect_others(db);
		db_close(db);
		db->failure = FAILURE_LOST;
		return ERR_UNAVAILABLE;
	}
	if (message == NULL)
		message = "";
	if (session_is_stale(state, message)) {
		log_warn("%s: the database has changed, so connecting again: SQLSTATE %s: %s", what,
			state, message);
		db_close(db);
		db->failure = FAILURE_REFUSED;
		return ERR_UNAVAILABLE;
	}
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0) {
		db->failure = FAILURE_CONFLICT;
		log_info("%s: %s", what, message);
		return ERR_UNAVAILABLE;
	}
	/* 23505: another transaction took a unique key in between. Callers for whom that is normal
	 * check first, and check again in the retry. */
	db->failure = strcmp(state, "23505") == 0 ? FAILURE_CONFLICT : FAILURE_ANSWERED;
	log_error("%s: SQLSTATE %s: %s", what, state, message);
	return error_of_state(state);
}

/* Prepares a statement at its first use: a CGI program runs one or two, then exits. The parameters'
 * types are left to the server, which infers them from the text. */
static enum error
db_prepare(struct db *db, const struct db_statement *s)
{
	PGresult *result;
	enum error e = OK;

	for (size_t i = 0; i < db->prepared_count; i++)
		if (db->prepared[i] == s)
			return OK;
	/* The server knows it by name, we by address: two of one name would run the wrong text. */
	for (size_t i = 0; i < db->prepared_count; i++)
		INVARIANT(strcmp(db->prepared[i]->name, s->name) != 0,
			"two statements are named %s", s->name);
	if (db->prepared_count == DB_PREPARED_MAX) {
		log_error("%s: a connection can run at most %d different statements", s->name,
			DB_PREPARED_MAX);
		return ERR_INTERNAL;
	}
	result = result_take(db, PQsendPrepare(db->connection, s->name, s->sql, 0, NULL));
	if (PQresultStatus(result) == PGRES_COMMAND_OK)
		db->prepared[db->prepared_count++] = s;
	else if ((e = result_error(db, result, s->name)) != OK && db->failure == FAILURE_LOST)
		db->failure = FAILURE_REFUSED; /* nothing was executed */
	PQclear(result);
	return e;
}

/* libpq's four parallel arrays, built only here. Binary if bytes are given, text otherwise. */
struct parameters {
	const char *values[DB_VALUES_MAX];
	int lengths[DB_VALUES_MAX], formats[DB_VALUES_MAX];
	char numbers[DB_VALUES_MAX][24];
};

static void
parameters_make(struct parameters *p, const struct db_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		p->values[i] = values[i].data;
		p->lengths[i] = (int)values[i].bytes;
		p->formats[i] = values[i].kind == DB_KIND_BINARY;
		if (values[i].kind == DB_KIND_NULL)
			p->values[i] = NULL;
		if (values[i].kind == DB_KIND_NUMBER) {
			snprintf(p->numbers[i], sizeof p->numbers[i], "%" PRId64, values[i].number);
			p->values[i] = p->numbers[i];
		}
	}
}

static enum error
values_check(const struct db_value *values, size_t count)
{
	if (count > DB_VALUES_MAX) {
		log_error("a statement has %zu values; at most %d", count, DB_VALUES_MAX);
		return ERR_INTERNAL;
	}
	for (size_t i = 0; i < count; i++)
		if (values[i].kind == DB_KIND_BINARY && values[i].data == NULL)
			return ERR_OVERLOADED; /* db_array() ran out of memory */
	return OK;
}

enum error
db_execute(struct db *db, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct db_rows **rows)
{
	const char *name = statement->name;
	struct parameters p;
	PGresult *result;
	enum error e;

	db->failure = FAILURE_NONE;
	if ((e = values_check(values, count)) != OK || (e = db_ready(db)) != OK ||
		(e = db_prepare(db, statement)) != OK)
		return e;
	parameters_make(&p, values, count);
	result = result_take(db, PQsendQueryPrepared(db->connection, name, (int)count, p.values,
					 p.lengths, p.formats, 0));
	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
		PQresultStatus(result) != PGRES_COMMAND_OK) {
		e = result_error(db, result, name);
		PQclear(result);
		return e;
	}
	return rows_make(result, rows);
}

/* BEGIN, COMMIT, ROLLBACK, LISTEN: constants, not worth preparing. */
static enum error
db_command(struct db *db, const char *sql)
{
	PGresult *result = result_take(db, PQsendQuery(db->connection, sql));
	enum error e = OK;

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		e = result_error(db, result, sql);
	else if (strcmp(PQcmdStatus(result), "ROLLBACK") == 0 && strcmp(sql, "COMMIT") == 0)
		e = ERR_INTERNAL; /* an earlier statement failed and work() ignored the error */
	PQclear(result);
	return e;
}

static enum error
transaction_once(struct db *db, db_work *work, void *context)
{
	enum error e;

	db->failure = FAILURE_NONE;
	if ((e = db_ready(db)) != OK || (e = db_command(db, "BEGIN")) != OK)
		return e;
	/* From here on db_ready() does not reconnect: what came before would be lost silently. */
	db->in_transaction = true;
	e = work(db, context);
	if (db->connection != NULL) {
		/* The failure of the work decides about a retry, not that of its ROLLBACK. */
		enum db_failure before = db->failure;
		enum error ended = db_command(db, e == OK ? "COMMIT" : "ROLLBACK");

		if (e == OK)
			e = ended;
		else if (db->connection != NULL)
			db->failure = before;
	}
	db->in_transaction = false;
	return e;
}

/* Pauses after a conflict between transactions: shorter than those between connections. */
#define RETRY_FIRST_MS 20
#define RETRY_MAX_MS 1280

/* The only retry loop. Its random pauses keep transactions that collided from colliding again.
 * FAILURE_SILENT is not retried, whatever the statement: the server hangs, and each attempt would
 * hold the caller as long again. What the server has answered goes to the caller. */
bool
db_retry(const struct db *db, enum db_repeat repeat, int attempt)
{
	bool harmless = db->failure == FAILURE_CONFLICT || db->failure == FAILURE_REFUSED ||
			(db->failure == FAILURE_LOST && repeat == DB_IDEMPOTENT);

	if (!harmless || attempt >= config_number(OPT_DB_RETRIES))
		return false;
	clock_sleep_ms(backoff_pause_ms((unsigned)attempt, RETRY_FIRST_MS, RETRY_MAX_MS));
	return true;
}

enum error
db_last_error(enum error e, bool retried)
{
	return e == ERR_TOO_SLOW && retried ? ERR_UNAVAILABLE : e;
}

enum error
db_transaction_on(struct db *db, enum db_repeat repeat, db_work *work, void *context)
{
	enum error e;

	for (int attempt = 0;; attempt++)
		if ((e = transaction_once(db, work, context)) == OK ||
			!db_retry(db, repeat, attempt))
			return db_last_error(e, attempt > 0);
}

/* libpq hands out one row at a time (single-row mode), so memory does not grow with the result. */
static enum error
stream_rows(struct db *db, const char *name, db_each *each, void *context)
{
	struct db_map maps[DB_MAPS] = { { .columns = NULL } };
	PGresult *result;
	enum error e = OK;

	while (result_await(db) && (result = PQgetResult(db->connection)) != NULL) {
		if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
			struct db_rows row = { .result = result, .maps = maps };

			e = each(&row, context);
		} else if (PQresultStatus(result) != PGRES_TUPLES_OK) {
			e = result_error(db, result, name);
		}
		PQclear(result);
		if (db->connection == NULL) /* closed by result_error() */
			return e;
		if (e != OK) {
			/* Rather than reading rows that no one needs any more. */
			db_close(db);
			return e;
		}
	}
	return db->connection != NULL ? e : ERR_UNAVAILABLE;
}

enum error
db_stream(struct db *db, const struct db_statement *statement, const struct db_value *values,
	size_t count, db_each *each, void *context)
{
	const char *name = statement->name;
	struct parameters p;
	enum error e;

	db->failure = FAILURE_NONE;
	if ((e = values_check(values, count)) != OK || (e = db_ready(db)) != OK ||
		(e = db_prepare(db, statement)) != OK)
		return e;
	parameters_make(&p, values, count);
	if (PQsendQueryPrepared(db->connection, name, (int)count, p.values, p.lengths, p.formats,
		    0) != 1 ||
		PQsetSingleRowMode(db->connection) != 1) {
		log_warn("%s: %s", name, PQerrorMessage(db->connection));
		db_close(db);
		return ERR_UNAVAILABLE;
	}
	return stream_rows(db, name, each, context);
}

enum error
db_listen(struct db *db, const char *channel)
{
	char sql[80];
	enum error e;

	/* The channel is a constant in our code, never input. */
	if ((e = db_ready(db)) != OK)
		return e;
	snprintf(sql, sizeof sql, "LISTEN %s", channel);
	return db_command(db, sql);
}

/* libpq queues notifications while it reads anything, so one can be here before any wait. */
static bool
notification_take(struct db *db, char *payload, size_t bytes)
{
	PGnotify *n = PQnotifies(db->connection);

	if (n == NULL)
		return false;
	snprintf(payload, bytes, "%s", n->extra);
	PQfreemem(n);
	return true;
}

/* One notification per call: the caller loops, and the next call returns the next one at once. */
int
db_wait(struct db *db, int timeout_ms, char *payload, size_t bytes)
{
	struct pollfd p;

	if (db->connection != NULL && db_is_suspect(db))
		db_close(db);
	if (db->connection == NULL)
		return -1;
	if (notification_take(db, payload, bytes))
		return 1;
	p = (struct pollfd){ .fd = PQsocket(db->connection), .events = POLLIN };
	if (poll(&p, 1, timeout_ms) <= 0)
		return 0;
	if (PQconsumeInput(db->connection) != 1 || PQstatus(db->connection) != CONNECTION_OK) {
		db_close(db);
		return -1;
	}
	return notification_take(db, payload, bytes) ? 1 : 0;
}
