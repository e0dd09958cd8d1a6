/* db_connection.c - one connection to PostgreSQL: opened when first needed, checked before use,
 * closed. */
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

/* How much longer than the server's own timeout we wait for a result. The server's comes first: it
 * costs only the statement, ours the connection. */
#define ANSWER_MARGIN_MS 2000
/* How long what we sent can stay unacknowledged. Then a retry on a new connection can still answer
 * in time. A server that hangs acknowledges: this is about hosts and networks. */
#define UNACKNOWLEDGED_MS "3000"
/* The server, too, must notice that a client is gone: its session can hold locks, such as the
 * relay's. By default it waits for two hours. */
#define SERVER_KEEPALIVES \
	" -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3" \
	" -c tcp_user_timeout=20000"

struct db *
db_new(const char *url)
{
	struct db *db = calloc(1, sizeof *db);

	if (db == NULL)
		return NULL;
	db->url = url;
	db_set_statement_timeout(db, config_number(OPT_DB_STATEMENT_TIMEOUT));
	return db;
}

void
db_set_statement_timeout(struct db *db, int64_t statement_ms)
{
	db->answer_timeout_ms = statement_ms + ANSWER_MARGIN_MS;
}

void
db_close(struct db *db)
{
	PQfinish(db->connection);
	db->connection = NULL;
	db->in_transaction = false;
}

static _Atomic int64_t suspect_ms;

void
db_suspect_others(const struct db *db)
{
	atomic_store(&suspect_ms, db->sent_ms);
}

bool
db_is_suspect(const struct db *db)
{
	return db->proven_ms < atomic_load(&suspect_ms);
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_close(db);
	free(db);
}

/* Replaces libpq's default, which writes to stderr and would break the log's lines of JSON. */
static void
notice_log(void *unused, const char *message)
{
	(void)unused;
	log_debug("%s", message);
}

/* Generic plans: planning at every call would double the cost of small batches (DESIGN.md, section
 * 5). Every statement is meant to find its rows by an index and in its order. Without the enable_
 * settings, a plan made while a table was small could later read or sort all of it. Keepalives and
 * tcp_user_timeout, on both sides, detect a peer that has vanished. */
static enum error
db_connect(struct db *db)
{
	char options[480], timeout[24];
	int64_t connect_s = config_number(OPT_DB_CONNECT_TIMEOUT) / 1000,
		started = clock_monotonic_ms();
	int64_t statement_ms = config_number(OPT_DB_STATEMENT_TIMEOUT);

	snprintf(options, sizeof options,
		"-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
		" -c enable_bitmapscan=off -c timezone=UTC -c datestyle=ISO" SERVER_KEEPALIVES
		" -c statement_timeout=%" PRId64
		" -c idle_in_transaction_session_timeout=%" PRId64,
		statement_ms, statement_ms * 2);
	/* In whole seconds, and libpq waits for at least 2. */
	snprintf(timeout, sizeof timeout, "%" PRId64, connect_s < 2 ? 2 : connect_s);
	db->connection = PQconnectdbParams(
		(const char *const[]){ "dbname", "options", "connect_timeout", "tcp_user_timeout",
			"keepalives_idle", "keepalives_interval", "keepalives_count",
			"client_encoding", "fallback_application_name", NULL },
		(const char *const[]){ db->url, options, timeout, UNACKNOWLEDGED_MS, "10", "5", "3",
			"UTF8", "purse", NULL },
		1);
	if (PQstatus(db->connection) != CONNECTION_OK) {
		log_warn("cannot connect to the database: %s",
			db->connection != NULL ? PQerrorMessage(db->connection) : "no memory");
		db_close(db);
		/* A refusal comes at once and may pass; after a timeout the next try
		 * would hang too. */
		db->failure = clock_monotonic_ms() - started < config_number(OPT_DB_CONNECT_TIMEOUT)
				      ? FAILURE_REFUSED
				      : FAILURE_SILENT;
		return ERR_UNAVAILABLE;
	}
	PQsetNoticeProcessor(db->connection, notice_log, NULL);
	/* A peer that does not read must block neither sending nor closing. */
	PQsetnonblocking(db->connection, 1);
	db->prepared_count = 0;
	db->proven_ms = started;
	return OK;
}

/* An idle connection that the server has closed is readable: detect it before a statement is
 * lost. */
static bool
connection_is_alive(struct db *db)
{
	struct pollfd p = { .fd = PQsocket(db->connection), .events = POLLIN };

	if (poll(&p, 1, 0) == 0)
		return true;
	return PQconsumeInput(db->connection) == 1 && PQstatus(db->connection) == CONNECTION_OK;
}

/* Reconnects only between transactions: a connection that breaks inside one has lost its work. */
enum error
db_ready(struct db *db)
{
	if (db->in_transaction)
		return db->connection != NULL ? OK : ERR_UNAVAILABLE;
	if (db->connection != NULL && db_is_suspect(db)) {
		log_info("replacing a database connection: another one has just failed");
		db_close(db);
	}
	if (db->connection != NULL && !connection_is_alive(db)) {
		log_info("the server closed an idle database connection");
		db_close(db);
	}
	if (db->connection != NULL)
		return OK;
	return db_connect(db);
}
