/* health.c - readiness, alarms and liveness of a service; see health.h. */
#include "common/http/health.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* Less than a second, with time to spare for the gateway. */
#define PATIENCE_MS 700
#define ARENA_BYTES (256 * 1024)

struct health {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of these */
	health_check *check;
	bool wanted, busy, running;
	unsigned rounds; /* checks that have ended */
	enum error result; /* of the last one */
	struct text body; /* what it wrote */
};

#define NOTHING_CHECKED \
	{ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }
static struct health readiness = NOTHING_CHECKED, alarms = NOTHING_CHECKED;
static atomic_bool stopping;

/* Call with the lock held. */
static void
check_once(struct health *h, struct arena *arena)
{
	struct text body = { 0 };
	enum error e;

	h->wanted = false;
	h->busy = true;
	pthread_mutex_unlock(&h->lock);
	arena_enter(arena);
	e = h->check(arena, &body);
	arena_leave();
	arena_reset(arena);
	pthread_mutex_lock(&h->lock);
	text_free(&h->body);
	h->body = body;
	h->busy = false;
	h->result = e;
	h->rounds++;
	pthread_cond_broadcast(&h->changed);
}

static void *
checker(void *context)
{
	struct health *h = context;
	struct arena *arena = arena_new(ARENA_BYTES);

	pthread_mutex_lock(&h->lock);
	while (arena != NULL && !stopping) {
		if (h->wanted)
			check_once(h, arena);
		else
			pthread_cond_wait(&h->changed, &h->lock);
	}
	h->running = false;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	arena_free(arena);
	return NULL;
}

/* Call with the lock held. Tries again at the next request if it fails. */
static bool
checker_start(struct health *h, health_check *check)
{
	pthread_t thread;

	if (h->running || stopping)
		return h->running;
	h->check = check;
	h->running = pthread_create(&thread, NULL, checker, h) == 0;
	if (h->running)
		pthread_detach(thread);
	return h->running;
}

/* Waits until a check has ended or, when stopping, the thread. Call with the lock held. */
static bool
checker_wait(struct health *h)
{
	struct timespec until = clock_deadline(PATIENCE_MS);
	unsigned rounds = h->rounds;

	while (h->running && (stopping || h->rounds == rounds))
		if (pthread_cond_clockwait(&h->changed, &h->lock, CLOCK_MONOTONIC, &until) ==
			ETIMEDOUT)
			return false;
	return stopping || h->rounds != rounds;
}

/* Copies what the check wrote into the request. False: it has not ended in time. */
static bool
check_wait(struct request *r, struct health *h, health_check *check, enum error *e,
	const char **body)
{
	bool in_time = false;

	pthread_mutex_lock(&h->lock);
	if (checker_start(h, check)) {
		/* A check that is running already is recent enough. */
		h->wanted = h->wanted || !h->busy;
		pthread_cond_broadcast(&h->changed);
		if ((in_time = checker_wait(h))) {
			*e = h->result;
			*body = h->body.bytes > 0 ? arena_strndup(r->arena, h->body.data,
							    h->body.bytes)
						  : "";
		}
	}
	pthread_mutex_unlock(&h->lock);
	return in_time;
}

static struct reply *
health_reply(struct request *r, struct health *h, health_check *check)
{
	enum error e = ERR_UNAVAILABLE;
	const char *body = NULL;
	bool in_time = check_wait(r, h, check, &e, &body);

	if (in_time && e == OK && body != NULL)
		return *body != '\0' ? reply_text(r, 200, "application/json", body)
				     : health_live_get(r);
	if (!in_time)
		log_warn("the health check has not ended within %d ms", PATIENCE_MS);
	return reply_error(r, request_refuse(r, ERR_UNAVAILABLE, "%s",
		in_time ? "The service cannot read its database."
			: "The database does not respond."));
}

struct reply *
health_ready(struct request *r, health_check *check)
{
	return health_reply(r, &readiness, check);
}

struct reply *
health_alarms(struct request *r, health_check *check)
{
	return health_reply(r, &alarms, check);
}

struct reply *
health_live_get(struct request *r)
{
	return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}

static bool
checker_stop(struct health *h)
{
	bool ended;

	pthread_mutex_lock(&h->lock);
	pthread_cond_broadcast(&h->changed);
	ended = checker_wait(h);
	pthread_mutex_unlock(&h->lock);
	return ended;
}

bool
health_stop(void)
{
	stopping = true;
	return checker_stop(&readiness) & checker_stop(&alarms);
}
