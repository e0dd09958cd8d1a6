/* consumer_watch.c - a thread that watches handle(): it serves heartbeats meanwhile, and sets aside
 * what a consumer cannot finish in HANDLE_TIME, whatever the cause: a loop without an end, a lock,
 * a server that neither answers nor fails.
 *
 * Without heartbeats the broker closes the connection after some 20 s, which a database that hangs
 * can take to fail. The batch would be delivered again, and that counts.
 *
 * A thread cannot be stopped from outside, so the process ends, and its supervisor starts it again.
 * If it was handling one message, that becomes a dead letter first: the watch takes over the
 * connection, which handle() never touches. If it was a batch, no one knows which message it was:
 * RabbitMQ redelivers them, and once they have come back twice, they are handled one by one. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/amqp/consumer_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

#define TICK_MS 250

static struct {
	/* Protects the connection and the rest of this. The main thread holds it, except in
	 * handle(). */
	pthread_mutex_t lock;
	uint64_t turn; /* of watch_handle() */
	struct run *run;
	/* what is being handled */
	struct delivery *deliveries;
	size_t count;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

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

/* Returns how much time is left for the call of handle() that is running. If it gives up, it keeps
 * the lock, so that watch_handle() cannot return. */
static int64_t
watch_turn(uint64_t *turn, int64_t left)
{
	if (watch.turn != *turn)
		left = config_number(OPT_HANDLE_TIME);
	*turn = watch.turn;
	if (left <= 0)
		give_up();
	/* The main thread notices when it next uses the connection. */
	if (amqp_idle(watch.run->amqp, 0) != OK)
		log_debug("lost the connection while handling messages");
	return left;
}

/* Counts its own turns instead of looking at a clock: while the whole process was stopped, nothing
 * could finish. */
static void *
watch_thread(void *unused)
{
	int64_t left = config_number(OPT_HANDLE_TIME);
	uint64_t turn = 0;

	for (;; left -= TICK_MS) {
		if (pthread_mutex_trylock(&watch.lock) == 0) {
			left = watch_turn(&turn, left);
			(void)pthread_mutex_unlock(&watch.lock);
		}
		clock_sleep_ms(TICK_MS);
	}
	return unused;
}

bool
watch_start(struct run *r)
{
	pthread_t thread;

	watch.run = r;
	(void)pthread_mutex_lock(&watch.lock);
	if (pthread_create(&thread, NULL, watch_thread, NULL) == 0 && pthread_detach(thread) == 0)
		return true;
	log_error("could not start a thread");
	return false;
}

enum error
watch_handle(struct run *r, struct delivery *d, size_t count, bool again)
{
	enum error e;

	watch.deliveries = d;
	watch.count = count;
	watch.turn++;
	(void)pthread_mutex_unlock(&watch.lock);
	e = r->consumer->handle(r->service, d, count, again);
	(void)pthread_mutex_lock(&watch.lock); /* waits for the end if the watch has given up */
	return e;
}
