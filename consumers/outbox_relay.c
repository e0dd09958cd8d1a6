/* outbox_relay.c - publishes committed rows as events: transaction_created, transaction_rejected,
 * statement_requested.
 *
 * This file defines which databases to read, and which rows become which events; relay.c does the
 * work, with one thread per database. */
#include <pthread.h>

#include "common/amqp/consumer.h"
#include "common/base/event.h"
#include "common/base/event_mac.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/outbox/alarms.h"
#include "common/outbox/arrivals.h"
#include "common/outbox/relay.h"
#include "consumers/topology.h"
#include "domain/ledger/alarms.h"
#include "domain/ledger/facts.h"
#include "domain/ledger/hold_sweep.h"
#include "domain/ledger/seal.h"
#include "domain/statement/alarms.h"

/* ---- rows to events ---- */

/* The same text as in the API's response, plus the owner, so the two cannot drift apart. */
static char *
created_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	struct transaction t;

	return transaction_read(rows, row, arena, &t) == OK ? fact_created(&t, bytes) : NULL;
}

struct rejection {
	const char *id, *body;
	instant_us created_at;
};
static const struct db_column rejection_columns[] = {
	DB_COLUMN(BORROWED, "id", struct rejection, id),
	DB_COLUMN(BORROWED, "body", struct rejection, body),
	DB_COLUMN(INSTANT, "created_at", struct rejection, created_at),
};

/* The consumer stored the event's data exactly as they are published. */
static char *
rejected_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	struct rejection r;

	(void)arena;
	if (rows_read(rows, row, DB_COLUMNS(rejection_columns), NULL, &r) != OK)
		return NULL;
	return fact_rejected(r.body, r.id, r.created_at, bytes);
}

struct job_row {
	const char *id, *wallet, *owner;
	instant_us created_at;
};
static const struct db_column job_columns[] = {
	DB_COLUMN(BORROWED, "id", struct job_row, id),
	DB_COLUMN(BORROWED, "wallet_id", struct job_row, wallet),
	DB_COLUMN(BORROWED, "owner_id", struct job_row, owner),
	DB_COLUMN(INSTANT, "created_at", struct job_row, created_at),
};

static char *
requested_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	struct job_row job;
	struct event_head head = { .source = FACT_SOURCE_STATEMENT, .type = EVENT_REQUESTED };

	(void)arena;
	if (rows_read(rows, row, DB_COLUMNS(job_columns), NULL, &job) != OK)
		return NULL;
	head.id = head.subject = job.id;
	head.time = job.created_at;
	return event_write(&head,
		json_pack("{s:s, s:s, s:s}", "id", job.id, "wallet_id", job.wallet,
			"owner_id", job.owner),
		bytes);
}

/* ---- sources ---- */

static const struct db_statement read_transactions_sql = { "outbox_read",
	"SELECT " TRANSACTION_COLUMNS ", xid FROM outbox_read($1, $2)", DB_IDEMPOTENT };
static const struct db_statement read_rejections_sql = { "outbox_read_rejections",
	"SELECT id, body, created_at, xid FROM outbox_read_rejections($1, $2)", DB_IDEMPOTENT };
static const struct db_statement read_jobs_sql = { "outbox_read",
	"SELECT id, wallet_id, owner_id, created_at, xid FROM outbox_read($1, $2)", DB_IDEMPOTENT };

/* Transactions and jobs must reach statement_queue; no queue of ours takes rejections, so those are
 * not mandatory. */
static const struct source sources[] = {
	{ "wallet", &purse_topology, OPT_WALLET_DATABASE_URL,
		{ { "transaction", EVENT_CREATED, &read_transactions_sql, true, created_body },
		  { "rejection", EVENT_REJECTED, &read_rejections_sql, false, rejected_body } },
		2, true },
	{ "statement", &purse_topology, OPT_STATEMENT_DATABASE_URL,
		{ { "job", EVENT_REQUESTED, &read_jobs_sql, true, requested_body } }, 1 },
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static const struct db_statement read_missing_sql = { "arrival_rows",
	"SELECT " TRANSACTION_COLUMNS ", xid FROM arrival_rows($1, $2, $3, $4)", DB_IDEMPOTENT };

static const struct arrival_source arrivals = { &purse_topology, STATEMENT_QUEUE,
	OPT_WALLET_DATABASE_URL, OPT_STATEMENT_DATABASE_URL,
	{ "transaction", EVENT_CREATED, &read_missing_sql, true, created_body } };

/* ---- the program ---- */

/* Work that runs next to the relays and needs the wallet database, as the relay is the one consumer
 * that runs without a broker. Each returns NULL, unless it failed. */
static void *
sweep_thread(void *drain)
{
	return hold_sweep(drain != NULL) ? NULL : drain;
}

static void *
seal_thread(void *drain)
{
	return seal_loop(drain != NULL) ? NULL : drain;
}

static void *
arrival_thread(void *drain)
{
	return arrivals_watch(&arrivals, drain != NULL) ? NULL : drain;
}

static const struct alarm_source alarm_sources[] = {
	{ OPT_WALLET_DATABASE_URL, ledger_alarms },
	{ OPT_STATEMENT_DATABASE_URL, statement_alarms_of_jobs },
};

static void *
alarm_thread(void *drain)
{
	if (drain == NULL)
		alarms_watch(alarm_sources, sizeof alarm_sources / sizeof alarm_sources[0],
			&purse_topology);
	return NULL;
}

static void *(*const side_threads[])(void *) = { sweep_thread, seal_thread, arrival_thread,
	alarm_thread };
#define SIDES (sizeof side_threads / sizeof side_threads[0])

/* Starts them; returns how many were started. */
static size_t
sides_start(pthread_t threads[SIDES], bool *drain)
{
	size_t n = 0;

	while (n < SIDES && pthread_create(&threads[n], NULL, side_threads[n],
				    *drain ? drain : NULL) == 0)
		n++;
	return n;
}

/* False if any of them failed. */
static bool
sides_join(const pthread_t threads[], size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		void *failed = NULL;

		(void)pthread_join(threads[i], &failed);
		good = good && failed == NULL;
	}
	return good;
}

/* The program ends, to be started again, rather than do half its work. */
static int
thread_missing(void)
{
	log_error("cannot start a thread: ending");
	program_stop();
	return 1;
}

/* A database whose URL is not set is left out, so each can have a relay of its own elsewhere. */
int
main(int argc, char **argv)
{
	struct relay relays[SOURCES];
	pthread_t threads[SOURCES], sides[SIDES];
	size_t n = 0, opened = 0, side_count = 0;
	bool drain;
	int status;

	if (!consumer_start(argc, argv, "outbox_relay", OPT_AMQP_RELAY_URL, &drain, &status))
		return status;
	if (!event_mac_load())
		return 1;
	for (size_t i = 0; i < SOURCES && status == 0; i++) {
		if (config_text(sources[i].url) == NULL)
			continue;
		status = relay_open(&relays[opened++], &sources[i], drain) ? 0 : 1;
	}
	if (opened == 0)
		status = config_require(OPT_WALLET_DATABASE_URL) ? 0 : 1;
	while (n < opened && status == 0)
		if (pthread_create(&threads[n], NULL, relay_thread, &relays[n]) == 0)
			n++;
		else
			status = thread_missing();
	if (status == 0 && config_text(OPT_WALLET_DATABASE_URL) != NULL) {
		side_count = sides_start(sides, &drain);
		status = side_count == SIDES ? 0 : thread_missing();
	}
	for (size_t i = 0; i < n; i++) {
		(void)pthread_join(threads[i], NULL);
		if (relays[i].failed)
			status = 1;
	}
	if (!sides_join(sides, side_count))
		status = 1;
	for (size_t i = 0; i < opened; i++)
		relay_close(&relays[i]);
	return status;
}
