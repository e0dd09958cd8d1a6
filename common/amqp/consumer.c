/* consumer.c - the main loop of a program that consumes in batches; consumer.h states its
 * guarantees. */
#include "common/amqp/consumer.h"

#include <inttypes.h>

#include "common/amqp/consumer_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

/* The longest wait without checking for a stop. A signal sets a flag, and need not
 * interrupt the wait. */
#define SLICE_MS 250
#define IDLE_MS 1000
/* How often a consumer checks that its queue and the exchanges that lead to it still exist: a
 * basic.cancel for a deleted queue can cross with our basic.consume. */
#define QUEUE_CHECK_MS 2000
#define FIRST_BATCH_MS 50
/* The most messages that came back once and are handled together: fewer than are delivered at a
 * time, so that each crash clears more of them of suspicion. */
#define REDELIVERED_MAX 64

/* ---- the loop ---- */

/* Has the broker dead-letter a message whose body was not read, and frees it. */
static bool
reject_large(struct run *r, struct message *m)
{
	struct delivery d = { .message = m };
	bool done;

	delivery_dead(&d, ERR_TOO_LARGE, "%" PRIu64 " bytes; at most %zu are accepted",
		m->too_large, AMQP_BODY_MAX);
	log_warn("dead-lettering a message of %s: %s", r->consumer->queue, d.dead);
	done = publish_replies(r, &d, 1) && amqp_reject(r->amqp, m->tag, false) == OK;
	delivery_clear(&d);
	message_free(m);
	return done;
}

/* The message that was held back, or else the next one. */
static enum error
receive_next(struct run *r, int wait_ms, struct message **m)
{
	*m = r->held;
	r->held = NULL;
	return *m != NULL ? OK : amqp_receive(r->amqp, wait_ms, m);
}

static void
batch_add(struct run *r, struct message *m)
{
	r->pause.attempts = 0; /* the connection works */
	r->messages[r->count] = m;
	r->batch[r->count++] = (struct delivery){ .message = m };
}

/* Waits for the first message only; the rest is what has already arrived. One that was delivered
 * before comes alone: it can be what ended the consumer. False: connection lost. */
static bool
receive_batch(struct run *r, int wait_ms)
{
	size_t most = r->consumer->batch;
	struct message *m;

	r->count = 0;
	while (r->count < most && (r->count == 0 || !r->messages[r->count - 1]->redelivered)) {
		if (receive_next(r, r->count == 0 ? wait_ms : 0, &m) != OK)
			return false;
		if (m == NULL)
			break;
		if (m->redelivered && r->count > 0) {
			r->held = m;
			break;
		}
		if (m->too_large > 0) {
			if (!reject_large(r, m))
				return false;
			continue;
		}
		batch_add(r, m);
	}
	return true;
}

static void
discard_held(struct run *r)
{
	message_free(r->held);
	r->held = NULL;
}

static void
discard_batch(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		delivery_clear(&r->batch[i]);
		message_free(r->messages[i]);
	}
	r->count = 0;
}

/* With --drain: true if the queue is empty. Messages that other consumers hold are theirs. */
static bool
queue_is_empty(struct run *r)
{
	uint32_t ready;

	return amqp_count(r->amqp, r->consumer->queue, &ready) == OK && ready == 0;
}

static bool
any_later(const struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->batch[i].later != OK)
			return true;
	return false;
}

/* Finishes messages received before the signal if they succeed at first try; leaves the rest to
 * others. */
static void
finish_received(struct run *r)
{
	bool going = amqp_connected(r->amqp) && amqp_cancel(r->amqp) == OK;

	while (going) {
		going = receive_batch(r, 0) && r->count > 0 &&
			watch_handle(r, r->batch, r->count, false) == OK &&
			!any_later(r) && deliveries_finish(r, r->batch, r->count);
		discard_batch(r);
	}
}

/* Receives and handles a batch. False: connection lost. */
static bool
serve_batch(struct run *r, int wait_ms)
{
	if (!receive_batch(r, wait_ms))
		return false;
	return r->count == 0 || deliveries_handle(r, r->batch, r->count, false);
}

/* Whether a message can come back once more, because of its neighbours, far from the limit. */
static bool
is_patient(void)
{
	return config_number(OPT_DELIVERY_LIMIT) > 4;
}

/* Gets a batch of what was delivered before. Messages that came back once can share it: most of
 * them only shared a connection with what broke it. One that came back again comes alone, and so
 * does any if the queue does not count. Holds back the first that does not fit. False: connection
 * lost. */
static bool
get_redelivered(struct run *r)
{
	size_t most = r->consumer->batch < REDELIVERED_MAX ? r->consumer->batch : REDELIVERED_MAX;
	struct message *m;
	bool suspect = false;

	while (r->count < most && !suspect) {
		if (r->held == NULL &&
			amqp_get(r->amqp, r->consumer->queue, &r->held) != OK)
			return false;
		if ((m = r->held) == NULL)
			return true;
		if (m->bytes > AMQP_BODY_MAX)
			m->too_large = m->bytes; /* amqp_get() has no limit */
		suspect = m->deliveries != 1 || !is_patient();
		if (!m->redelivered || (suspect && r->count > 0))
			return true;
		r->held = NULL;
		if (m->too_large == 0)
			batch_add(r, m);
		else if (!reject_large(r, m))
			return false;
	}
	return true;
}

/* Handles what was delivered before, in small batches and without prefetching others: if a message
 * ends the process, the broker counts a delivery of each that the process holds. Holds back the
 * first fresh message. False: connection lost, or time to stop. */
static bool
serve_redelivered(struct run *r)
{
	bool alive = true;

	while (alive && !program_stopping()) {
		alive = get_redelivered(r);
		if (alive && r->count == 0)
			return true;
		alive = alive && deliveries_handle(r, r->batch, r->count, false);
		discard_batch(r);
	}
	return alive;
}

/* Starts to consume. The first batch gets a moment to arrive, so that its first message does not
 * hold up the others if it has to wait. */
static bool
serve_begin(struct run *r)
{
	discard_held(r);
	return amqp_check(r->amqp, r->consumer->queue) == OK && serve_redelivered(r) &&
	       amqp_consume(r->amqp, r->consumer->queue, (int)config_number(OPT_PREFETCH)) == OK &&
	       (r->held == NULL || amqp_idle(r->amqp, FIRST_BATCH_MS) == OK);
}

/* Consumes while the connection lasts. False: time to stop. */
static bool
serve(struct run *r)
{
	int wait_ms = consumer_is_draining() ? 100 : SLICE_MS;
	int64_t next_tick = 0, next_check = clock_monotonic_ms() + QUEUE_CHECK_MS;
	bool alive;

	if (!serve_begin(r))
		return true;
	while (!program_stopping() && r->status == 0) {
		alive = serve_batch(r, wait_ms);
		if (r->consumer->tick != NULL &&
			(r->count > 0 || clock_monotonic_ms() >= next_tick)) {
			r->consumer->tick(r->service);
			next_tick = clock_monotonic_ms() + IDLE_MS;
		}
		if (alive && clock_monotonic_ms() >= next_check) {
			alive = amqp_check(r->amqp, r->consumer->queue) == OK;
			next_check = clock_monotonic_ms() + QUEUE_CHECK_MS;
		}
		if (alive && consumer_is_draining() && r->count == 0 && queue_is_empty(r)) {
			/* What RabbitMQ had sent by then came before its answer: the queue is empty
			 * when everything is with us, too. */
			alive = serve_batch(r, 0);
			if (alive && r->count == 0)
				return false;
		}
		discard_batch(r);
		if (!alive)
			return true;
	}
	finish_received(r);
	return false;
}

/* After a new connection, which has declared it again. */
static void
lost_report(struct run *r)
{
	const char *name = amqp_lost(r->amqp);

	if (name == NULL)
		return;
	log_warn("%s was deleted at the broker: it is declared and bound again", name);
	if (r->consumer->lost != NULL)
		r->consumer->lost(r->service, name);
}

int
consumer_main(int argc, char **argv, const struct consumer *c)
{
	static struct run r; /* too large for a stack */
	bool drain;

	if (!consumer_start(argc, argv, c->name, OPT_AMQP_CONSUMER_URL, &drain, &r.status))
		return r.status;
	r.consumer = c;
	amqp_dead_name(c->queue, r.dead_queue);
	r.service = c->start();
	if (r.service == NULL)
		return 1;
	r.amqp = consumer_amqp(OPT_AMQP_CONSUMER_URL, c->topology);
	if (r.amqp == NULL) {
		c->stop(r.service);
		return 1;
	}
	if (!watch_start(&r))
		r.status = 1;
	log_info("consuming from %s", c->queue);
	while (!program_stopping() && r.status == 0) {
		if (!consumer_connect(r.amqp)) {
			r.status = program_stopping() ? 0 : 1;
			break;
		}
		lost_report(&r);
		/* What ends a connection before any message arrives can last (no permission to read
		 * the queue, for example), so pause. */
		if (!serve(&r) || !program_sleep(backoff_next_ms(&r.pause)))
			break;
		if (drain_timed_out())
			r.status = 1;
	}
	discard_batch(&r);
	discard_held(&r);
	amqp_free(r.amqp);
	if (drain && r.status == 0 && !program_stopping() && c->drained != NULL)
		c->drained(r.service);
	c->stop(r.service);
	log_info("stopped");
	return r.status;
}
