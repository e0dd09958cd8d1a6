/* outbox_relay.c - publishes what was committed: transaction_created, transaction_rejected, statement_requested.
 *
 * Which databases are read, which rows become which events; how is in relay.c. A thread a database. */
#include <pthread.h>

#include "common/amqp/consumer.h"
#include "common/base/event.h"
#include "common/outbox/relay.h"
#include "consumers/topology.h"
#include "domain/ledger/facts.h"
#include "domain/ledger/hold_sweep.h"

/* ---- events out of rows ---- */

static char *
created_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	struct posting p;

	return posting_from_row(rows, row, 0, arena, &p) == OK ? fact_created(&p, bytes) : NULL;
}

/* The consumer has stored the event's data as they are to be sent. */
static char *
rejected_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	(void)arena;
	return fact_rejected(rows_text(rows, row, 1), rows_text(rows, row, 0), rows_instant(rows, row, 2), bytes);
}

static char *
requested_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes)
{
	const char *id = rows_text(rows, row, 0);
	struct event_head head = { .id = id, .source = FACT_SOURCE_STATEMENT, .type = EVENT_REQUESTED, .subject = id,
		.time = rows_instant(rows, row, 3) };

	(void)arena;
	return event_write(&head,
		json_pack("{s:s, s:s, s:s}", "id", id, "wallet_id", rows_text(rows, row, 1), "owner_id", rows_text(rows, row, 2)),
		bytes);
}

/* ---- sources ---- */

static const struct db_statement read_transactions_sql = { "outbox_read",
	"SELECT " POSTING_COLUMNS ", xid FROM outbox_read($1, $2)", DB_AGAIN };
static const struct db_statement read_rejections_sql = { "outbox_read_rejections",
	"SELECT id, body, created_at, xid FROM outbox_read_rejections($1, $2)", DB_AGAIN };
static const struct db_statement read_jobs_sql = { "outbox_read",
	"SELECT id, wallet_id, owner_id, created_at, xid FROM outbox_read($1, $2)", DB_AGAIN };

static const struct source sources[] = {
	{ "wallet", &purse_topology, OPT_WALLET_DATABASE_URL,
		{ { "transaction", EVENT_CREATED, &read_transactions_sql, POSTING_COLUMN_COUNT, true, created_body },
			{ "rejection", EVENT_REJECTED, &read_rejections_sql, 3, false, rejected_body } },
		2 },
	{ "statement", &purse_topology, OPT_STATEMENT_DATABASE_URL,
		{ { "job", EVENT_REQUESTED, &read_jobs_sql, 4, true, requested_body } }, 1 },
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

/* ---- the program ---- */

/* Beside the relays, the holds. */
static void *
sweep_thread(void *drain)
{
	return hold_sweep(drain != NULL) ? NULL : drain;
}

int
main(int argc, char **argv)
{
	struct relay relays[SOURCES];
	pthread_t threads[SOURCES], sweeper;
	bool sweeps = false;
	void *failed = NULL;
	size_t n = 0, opened = 0;
	bool drain;
	int status;

	if (!consumer_begin(argc, argv, "outbox_relay", &drain, &status))
		return status;
	for (size_t i = 0; i < SOURCES && status == 0; i++) {
		if (config_text(sources[i].url) == NULL)
			continue;
		status = relay_open(&relays[opened++], &sources[i], drain) ? 0 : 1;
	}
	if (opened == 0)
		status = config_require(OPT_WALLET_DATABASE_URL) ? 0 : 1;
	for (; n < opened && status == 0; n++)
		status = pthread_create(&threads[n], NULL, relay_thread, &relays[n]) == 0 ? 0 : 1;
	if (status == 0 && config_text(OPT_WALLET_DATABASE_URL) != NULL)
		sweeps = pthread_create(&sweeper, NULL, sweep_thread, drain ? &drain : NULL) == 0;
	for (size_t i = 0; i < n; i++) {
		(void)pthread_join(threads[i], NULL);
		if (relays[i].failed)
			status = 1;
	}
	if (sweeps)
		(void)pthread_join(sweeper, &failed);
	if (failed != NULL)
		status = 1;
	for (size_t i = 0; i < opened; i++)
		relay_close(&relays[i]);
	return status;
}
