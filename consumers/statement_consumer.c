/* statement_consumer.c - consumes statement_queue: stores transaction_created events as lines, and
 * writes a file for each statement_requested event.
 *
 * A batch of messages is one call of lines_store() and one commit; then it is acknowledged
 * (common/amqp/consumer.h). A separate thread writes the files (domain/statement/worker.h), so a
 * long statement does not delay the lines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/config.h"
#include "common/base/event.h"
#include "common/base/event_mac.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "consumers/topology.h"
#include "domain/statement/job.h"
#include "domain/statement/lines.h"
#include "domain/statement/trust.h"
#include "domain/statement/worker.h"

struct consumer_state {
	struct db *db;
	struct db_pool *jobs; /* to check whether a job exists */
	struct lines *lines;
	struct worker *worker;
	struct trust trust;
	struct delivery *line_of[CONSUMER_BATCH_MAX]; /* by place in the batch */
};

/* The event is only a notification: the job is already in the database. */
static enum error
handle_requested(struct consumer_state *s, struct delivery *d, const json_t *data)
{
	const char *text = json_string_value(json_object_get(data, "id"));
	struct uuid id;
	bool exists;
	enum error e;

	if (text == NULL || !uuid_parse(text, &id)) {
		delivery_dead(d, ERR_INVALID_REQUEST,
			"data.id must be the UUID of a statement job");
		return OK;
	}
	if ((e = job_exists(s->jobs, &id, &exists)) != OK)
		return e;
	if (!exists)
		delivery_dead(d, ERR_NOT_FOUND, "no statement job %s", text);
	worker_wake(s->worker);
	return OK;
}

/* An event that cannot be read becomes a dead letter and leaves a gap, which raises an
 * alarm after GAP_ALARM. */
static void
handle_created(struct consumer_state *s, struct delivery *d, const json_t *data)
{
	char reason[LINES_REASON];
	size_t place = lines_count(s->lines);

	if (lines_add(s->lines, data, reason) != OK)
		delivery_dead(d, ERR_INVALID_REQUEST, "data: %s", reason);
	else
		s->line_of[place] = d;
}

/* An error concerns the database, and repeats the batch. What is wrong with the message itself
 * marks only the message. */
static enum error
handle_one(struct consumer_state *s, struct delivery *d)
{
	struct event event;
	const struct message *m = d->message;
	char reason[EVENT_REASON];
	enum error e;

	if (!trust_event(&s->trust, event_mac_matches(m->mac, m->body, m->bytes))) {
		log_error("alarm: a message of " STATEMENT_QUEUE " does not come from our relay");
		delivery_dead(d, ERR_FORBIDDEN,
			"the header x-purse-mac is missing or wrong: it is not from our relay");
		return OK;
	}
	if ((e = event_read(m->body, m->bytes, &event, reason)) != OK) {
		delivery_dead(d, e, "%s", reason);
		return OK;
	}
	if (event.type != NULL && strcmp(event.type, EVENT_CREATED) == 0)
		handle_created(s, d, event.data);
	else if (event.type != NULL && strcmp(event.type, EVENT_REQUESTED) == 0)
		e = handle_requested(s, d, event.data);
	else
		delivery_dead(d, ERR_INVALID_REQUEST, "this queue accepts %s and %s, not %s",
			EVENT_CREATED, EVENT_REQUESTED,
			event.type != NULL ? event.type : "an event without a type");
	event_free(&event);
	return e;
}

/* The event is the ledger's. So the line is of a commit that was published and then lost, or is not
 * the ledger's at all. */
static void
differs(size_t place, void *context)
{
	struct consumer_state *s = context;
	struct delivery *d = s->line_of[place];
	char wallet[UUID_TEXT];
	int64_t version;

	lines_describe(s->lines, place, wallet, &version);
	log_error("alarm: wallet %s, version %" PRId64 ": the statement has a line that the ledger"
		  " lost or never had: run purse statement rebuild --wallet %s",
		wallet, version, wallet);
	delivery_dead(d, ERR_INCONSISTENT,
		"a different line is stored under this wallet_id and version:"
		" run purse statement rebuild --wallet %s",
		wallet);
}

static enum error
handle(void *service, struct delivery deliveries[], size_t count, bool again)
{
	struct consumer_state *s = service;
	enum error e;

	(void)again; /* storing is idempotent */
	lines_clear(s->lines);
	if ((e = trust_begin(&s->trust, s->db)) != OK)
		return e;
	for (size_t i = 0; i < count; i++)
		if ((e = handle_one(s, &deliveries[i])) != OK)
			return e;
	if ((e = lines_store(s->db, s->lines, differs, s)) != OK)
		return e;
	return trust_end(&s->trust, s->db);
}

static void
tick(void *service)
{
	struct consumer_state *s = service;

	trust_expire(&s->trust, s->db);
}

/* Lines that were waiting do not arrive by themselves. */
static void
lost(void *service, const char *name)
{
	(void)service;
	log_error("alarm: %s was deleted at the broker, and events may be lost: run purse statement"
		  " rebuild --all",
		name);
}

/* The worker first: it may be writing a file, which it then leaves to another consumer. */
static void
stop(void *service)
{
	struct consumer_state *s = service;

	if (s->worker != NULL)
		worker_end(s->worker);
	lines_free(s->lines);
	db_pool_free(s->jobs);
	db_free(s->db);
	free(s);
}

static void *
start(void)
{
	struct consumer_state *s;

	if (!config_require(OPT_STATEMENT_DATABASE_URL) || !event_mac_load() ||
		(s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->db = db_new(config_text(OPT_STATEMENT_DATABASE_URL));
	s->jobs = db_pool_new(config_text(OPT_STATEMENT_DATABASE_URL), 1);
	s->lines = lines_new();
	if (s->db != NULL && s->jobs != NULL && s->lines != NULL &&
		(s->worker = worker_start(program_stopping)) != NULL)
		return s;
	stop(s);
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct consumer consumer = {
		.name = "statement_consumer",
		.queue = STATEMENT_QUEUE,
		.topology = &purse_topology,
		.batch = CONSUMER_BATCH_MAX,
		.start = start,
		.stop = stop,
		.handle = handle,
		.tick = tick,
		.lost = lost,
	};

	return consumer_main(argc, argv, &consumer);
}
