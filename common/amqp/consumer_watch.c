/* consumer_watch.c - a thread that sets aside what a consumer cannot finish in HANDLE_TIME,
 * whatever the cause: a loop without an end, a lock, a server that neither answers nor fails.
 *
 * A thread cannot be stopped from outside, so the process ends, and its supervisor starts it again.
 * If it was handling one message, that becomes a dead letter first: the watch takes over the
 * connection, which handle() never touches. If it was a batch, no one knows which message it was:
 * RabbitMQ redelivers them, and the next process handles redelivered messages one by one. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/amqp/consumer_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

#define TICK_MS 250

static struct {
	_Atomic enum { IDLE, HANDLING, TAKEN } state;
	_Atomic uint64_t turn; /* of watch_handle() */
	struct run *run;
	/* what is being handled */
	struct delivery *deliveries;
	size_t count;
} watch;

/* The thread that handles the message still reads it, but nothing else of what is used here. */
static void
set_aside(struct run *r, const struct message *m)
{
	struct delivery d = { .message = m };

	delivery_dead(&d, ERR_TIMEOUT, "handling it did not finish in %" PRId64 " s",
		config_number(OPT_HANDLE_TIME) / 1000);
	if (deliveries_publish(r, &d, 1) && amqp_ack(r->amqp, m->tag, false) == OK)
		amqp_free(r->amqp);
}

static void
give_up(void)
{
	log_error("alarm: handling %zu messages of %s did not finish in %" PRId64 " s: ending",
		watch.count, watch.run->consumer->queue, config_number(OPT_HANDLE_TIME) / 1000);
	if (watch.count == 1)
		set_aside(watch.run, watch.deliveries[0].message);
	_exit(1);
}

/* Counts its own turns instead of looking at a clock: while the whole process was stopped, nothing
 * could finish. */
static void *
watch_thread(void *unused)
{
	int64_t left = config_number(OPT_HANDLE_TIME);
	uint64_t turn = 0;

	for (;; left -= TICK_MS) {
		int handling = HANDLING;

		if (watch.state == IDLE || watch.turn != turn)
			left = config_number(OPT_HANDLE_TIME);
		turn = watch.turn;
		if (left <= 0 && atomic_compare_exchange_strong(&watch.state, &handling, TAKEN))
			give_up();
		clock_sleep_ms(TICK_MS);
	}
	return unused;
}

bool
watch_start(struct run *r)
{
	pthread_t thread;

	watch.run = r;
	if (pthread_create(&thread, NULL, watch_thread, NULL) == 0 && pthread_detach(thread) == 0)
		return true;
	log_error("could not start a thread");
	return false;
}

enum error
watch_handle(struct run *r, struct delivery *d, size_t count, bool again)
{
	int handling = HANDLING;
	enum error e;

	watch.deliveries = d;
	watch.count = count;
	watch.turn++;
	watch.state = HANDLING;
	e = r->consumer->handle(r->service, d, count, again);
	if (atomic_compare_exchange_strong(&watch.state, &handling, IDLE))
		return e;
	for (;;)
		(void)pause(); /* the watch ends the process */
}
