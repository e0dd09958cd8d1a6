/* relay.c - publishes the rows of a database's outbox to RabbitMQ, in order, at least once.
 *
 * Each database has a thread, with one connection to it and one to RabbitMQ. The thread reads rows
 * past its cursor (the SQL ensures that nothing commits behind it), publishes them, waits for the
 * confirms, and only then advances the cursor in the database. A few batches are in flight at once;
 * otherwise RabbitMQ would idle while we read rows, and we while it writes to disk. After any
 * failure all are discarded and the thread starts again at the cursor: consumers drop duplicates.
 *
 * An advisory lock lets one relay at a time serve a database; a second one stands by (with --drain:
 * exits). The lock only saves work: two relays at once would do no harm. */
#include "common/outbox/relay.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/outbox/standby.h"

/* How often the lock is checked; a second relay takes over within this time. */
#define LOCK_CHECK_MS 1000
#define SLICE_MS 250
/* Empty polls before the pauses grow, and by how much at most: an idle system should rest. */
#define IDLE_POLLS 50
#define IDLE_FACTOR_MAX 5

/* ---- batches ---- */

/* Reads the next rows into an empty batch, which stays empty if there are none. The position in
 * memory runs ahead of the cursor in the database, which moves only after the confirms. */
static enum error
batch_read(struct relay *r, size_t s, struct batch *b)
{
	const struct stream *stream = &r->source->streams[s];
	DB_ROWS(rows);
	enum error e;

	e = db_execute(r->db, stream->read,
		DB_VALUES(db_text(r->position[s]), db_number(config_number(OPT_RELAY_BATCH))),
		&rows);
	if (e != OK || rows_count(rows) == 0)
		return e;
	e = batch_fill(b, stream, r->source->topology->exchange, rows, r->arena);
	if (e == OK)
		memcpy(r->position[s], b->xid, sizeof(b->xid));
	return e == OK ? standby_await(r) : e;
}

/* Waits while serving heartbeats. */
static enum error
idle(struct relay *r, int64_t ms)
{
	enum error e = OK;

	for (; e == OK && ms > 0 && !program_stopping(); ms -= SLICE_MS)
		e = amqp_idle(r->amqp, (int)(ms < SLICE_MS ? ms : SLICE_MS));
	return e;
}

/* Waits until RabbitMQ has confirmed the whole batch; sends again what a full queue refuses. */
static enum error
batch_settle(struct relay *r, struct batch *b)
{
	struct backoff pause = { 0 };
	bool refused = false;
	enum error e = OK;

	for (size_t i = 0; e == OK && i < b->count; i++) {
		e = amqp_settle_one(r->amqp, &b->out[i]);
		refused = refused || b->out[i].state != OUTGOING_CONFIRMED;
	}
	if (e != OK || !refused)
		return e;
	while ((e = amqp_publish(r->amqp, b->out, b->count)) != OK) {
		if (!amqp_connected(r->amqp) || program_stopping())
			return e;
		if ((e = idle(r, backoff_next_ms(&pause))) != OK)
			return e;
	}
	return OK;
}

static const struct db_statement outbox_advance_sql = { "outbox_advance",
	"SELECT outbox_advance($1, $2)", DB_IDEMPOTENT };

/* Finishes the oldest batch: waits for its confirms, then advances the cursor. */
static enum error
oldest_finish(struct relay *r, size_t s)
{
	struct batch *b = &r->ring[r->oldest];
	enum error e;

	if ((e = batch_settle(r, b)) != OK)
		return e;
	e = db_execute(r->db, &outbox_advance_sql,
		DB_VALUES(db_text(r->source->streams[s].cursor), db_text(b->xid)), NULL);
	if (e != OK)
		return e;
	r->published += b->count;
	batch_clear(b);
	r->oldest = (r->oldest + 1) % RELAY_RING;
	r->in_flight--;
	return OK;
}

/* ---- a stream, a source ---- */

/* Publishes a stream until a batch is not full, or it is time to stop; *any: something was new.
 * Rows committed meanwhile accumulate, because each batch costs every consumer a commit. */
static enum error
stream_run(struct relay *r, size_t s, bool *any)
{
	bool more = true;
	enum error e;

	while (more || r->in_flight > 0) {
		struct batch *next = &r->ring[(r->oldest + r->in_flight) % RELAY_RING];

		if (!more || r->in_flight == RELAY_RING) {
			if ((e = oldest_finish(r, s)) != OK)
				return e;
			continue;
		}
		if ((e = batch_read(r, s, next)) != OK ||
			(e = amqp_send_all(r->amqp, next->out, next->count)) != OK)
			return e;
		more = next->count >= (size_t)config_number(OPT_RELAY_BATCH) && !program_stopping();
		if (next->count > 0) {
			r->in_flight++;
			*any = true;
		}
	}
	return OK;
}

/* The lock belongs to the connection, which can have been replaced unnoticed: the backend's process
 * id shows it. */
static const struct db_statement outbox_lock_sql = { "outbox_lock",
	"SELECT CASE WHEN pg_backend_pid() = $1::integer THEN true"
	" ELSE pg_try_advisory_lock(5788047215) END AS ours, pg_backend_pid() AS backend",
	DB_IDEMPOTENT };

struct lock {
	bool ours;
	int64_t backend;
};

static const struct db_column lock_columns[] = {
	DB_COLUMN(BOOL, "ours", struct lock, ours),
	DB_COLUMN(NUMBER, "backend", struct lock, backend),
};

/* Sets *ours if we hold the lock. Checks again from time to time, because the connection may have
 * been replaced. */
static enum error
lock_check(struct relay *r, bool *ours)
{
	struct lock lock;
	DB_ROWS(rows);
	enum error e;

	*ours = r->backend != 0;
	if (*ours && clock_monotonic_ms() - r->checked_ms < LOCK_CHECK_MS)
		return OK;
	e = db_execute(r->db, &outbox_lock_sql, DB_VALUES(db_number(r->backend)), &rows);
	if (e != OK || (e = rows_read(rows, 0, DB_COLUMNS(lock_columns), NULL, &lock)) != OK)
		return e;
	*ours = lock.ours;
	r->backend = lock.ours ? lock.backend : 0;
	r->checked_ms = clock_monotonic_ms();
	return OK;
}

static const struct db_statement outbox_adopt_sql = { "outbox_adopt", "SELECT outbox_adopt(1000)",
	DB_IDEMPOTENT };

static const struct db_statement outbox_position_sql = { "outbox_position",
	"SELECT outbox_position($1)", DB_IDEMPOTENT };

/* Reads where to start. */
static enum error
positions_read(struct relay *r)
{
	enum error e;
	int64_t adopted = 0;

	do {
		DB_ROWS(rows);
		if ((e = db_execute(r->db, &outbox_adopt_sql, DB_NO_VALUES, &rows)) != OK)
			return e;
		adopted = rows_number(rows, 0, 0);
		if (adopted > 0)
			log_info("adopted %" PRId64 " rows of another server", adopted);
	} while (adopted > 0 && !program_stopping());
	for (size_t s = 0; s < r->source->stream_count; s++) {
		DB_ROWS(rows);
		if ((e = db_execute(r->db, &outbox_position_sql,
			     DB_VALUES(db_text(r->source->streams[s].cursor)), &rows)) != OK)
			return e;
		(void)snprintf(r->position[s], XID_TEXT, "%s", rows_text(rows, 0, 0));
	}
	return OK;
}

static int64_t
pause_factor(int64_t idle_polls)
{
	int64_t factor = 1 + idle_polls / IDLE_POLLS;

	return factor < IDLE_FACTOR_MAX ? factor : IDLE_FACTOR_MAX;
}

/* Works until something fails (returns the error) or it is time to stop (OK). */
static enum error
serve(struct relay *r)
{
	bool ours, any, standby = false;
	int64_t idle_polls = 0;
	enum error e;

	for (;;) {
		if ((e = lock_check(r, &ours)) != OK || ours)
			break;
		if (r->drain) {
			log_info("%s: another relay is running", r->source->name);
			return OK;
		}
		if (!standby)
			log_info("%s: another relay is running, standing by", r->source->name);
		standby = true;
		if ((e = idle(r, LOCK_CHECK_MS)) != OK || program_stopping())
			return e;
	}
	if (e != OK || (e = positions_read(r)) != OK)
		return e;
	log_info("%s: relaying from %s", r->source->name, r->position[0]);
	while (!program_stopping()) {
		any = false;
		if ((e = lock_check(r, &ours)) != OK || !ours)
			return e;
		for (size_t s = 0; s < r->source->stream_count; s++)
			if ((e = stream_run(r, s, &any)) != OK)
				return e;
		if (r->drain && !any)
			return OK;
		idle_polls = any ? 0 : idle_polls + 1;
		if (idle_polls == IDLE_POLLS)
			(void)malloc_trim(0); /* a burst leaves tens of megabytes */
		if (r->drain)
			continue;
		if ((e = idle(r, config_number(OPT_RELAY_POLL) * pause_factor(idle_polls))) != OK)
			return e;
	}
	return OK;
}

/* The next connection starts at the cursor, so what was in flight is read and published again. */
static void
discard_batches(struct relay *r)
{
	amqp_close(r->amqp); /* first: it holds addresses inside the batches */
	for (size_t i = 0; i < RELAY_RING; i++)
		batch_clear(&r->ring[i]);
	r->in_flight = 0;
	r->backend = 0;
}

void *
relay_thread(void *context)
{
	struct relay *r = context;
	struct backoff pause = { 0 };
	uint64_t before = 0;

	while (!program_stopping()) {
		enum error e = consumer_connect(r->amqp) ? serve(r) : ERR_UNAVAILABLE;

		discard_batches(r);
		if ((e == OK && r->drain) || program_stopping())
			break;
		if (r->published > before)
			pause.attempts = 0;
		before = r->published;
		if (r->drain && pause.attempts >= 5) {
			r->failed = true;
			break;
		}
		(void)program_sleep(backoff_next_ms(&pause));
	}
	log_info("%s: stopped after publishing %" PRIu64 " events", r->source->name, r->published);
	return NULL;
}

/* ---- opening and closing ---- */

bool
relay_open(struct relay *r, const struct source *source, bool drain)
{
	*r = (struct relay){ .source = source, .drain = drain };
	r->db = db_new(config_text(source->url));
	r->amqp = consumer_amqp(OPT_AMQP_RELAY_URL, r->source->topology);
	r->arena = arena_new((size_t)1 << 20);
	return r->db != NULL && r->amqp != NULL && r->arena != NULL;
}

void
relay_close(struct relay *r)
{
	for (size_t i = 0; i < RELAY_RING; i++)
		batch_free(&r->ring[i]);
	arena_free(r->arena);
	amqp_free(r->amqp);
	db_free(r->db);
}
