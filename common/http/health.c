/* health.c - readiness and liveness of a service; see health.h. */
#include "common/http/health.h"

#include <errno.h>
#include <pthread.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* Less than a second, with time to spare for the gateway. */
#define PATIENCE_MS 700
#define ARENA_BYTES (256 * 1024)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of these */
	health_check *check;
	bool wanted, busy, stopping, running;
	unsigned rounds; /* checks that have ended */
	enum error result; /* of the last one */
} health = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void *
checker(void *arena)
{
	enum error e;

	pthread_mutex_lock(&health.lock);
	while (!health.stopping) {
		if (!health.wanted) {
			pthread_cond_wait(&health.changed, &health.lock);
			continue;
		}
		health.wanted = false;
		health.busy = true;
		pthread_mutex_unlock(&health.lock);
		e = health.check(arena);
		arena_reset(arena);
		pthread_mutex_lock(&health.lock);
		health.busy = false;
		health.result = e;
		health.rounds++;
		pthread_cond_broadcast(&health.changed);
	}
	health.running = false;
	pthread_cond_broadcast(&health.changed);
	pthread_mutex_unlock(&health.lock);
	arena_free(arena);
	return NULL;
}

/* Call with the lock held. Tries again at the next request if it fails. */
static bool
checker_start(health_check *check)
{
	struct arena *arena;
	pthread_t thread;

	if (health.running || health.stopping)
		return health.running;
	health.check = check;
	if ((arena = arena_new(ARENA_BYTES)) == NULL)
		return false;
	health.running = pthread_create(&thread, NULL, checker, arena) == 0;
	if (health.running)
		pthread_detach(thread);
	else
		arena_free(arena);
	return health.running;
}

/* Waits until a check has ended or, when stopping, the thread. Call with the lock held. */
static bool
checker_wait(void)
{
	struct timespec until = clock_deadline(PATIENCE_MS);
	unsigned rounds = health.rounds;

	while (health.stopping ? health.running : health.rounds == rounds)
		if (pthread_cond_clockwait(&health.changed, &health.lock, CLOCK_MONOTONIC,
			    &until) == ETIMEDOUT)
			return false;
	return true;
}

struct reply *
health_ready(struct request *r, health_check *check)
{
	enum error e = ERR_UNAVAILABLE;
	bool in_time = false;

	pthread_mutex_lock(&health.lock);
	if (checker_start(check)) {
		/* A check that is running already is recent enough. */
		health.wanted = health.wanted || !health.busy;
		pthread_cond_broadcast(&health.changed);
		if ((in_time = checker_wait()))
			e = health.result;
	}
	pthread_mutex_unlock(&health.lock);
	if (e == OK)
		return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
	if (!in_time)
		log_warn("the health check has not ended within %d ms", PATIENCE_MS);
	return reply_error(r, request_refuse(r, ERR_UNAVAILABLE, "%s",
		in_time ? "The service cannot read its database."
			: "The database does not respond."));
}

struct reply *
health_live_get(struct request *r)
{
	return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}

bool
health_stop(void)
{
	bool ended;

	pthread_mutex_lock(&health.lock);
	health.stopping = true;
	pthread_cond_broadcast(&health.changed);
	ended = checker_wait();
	pthread_mutex_unlock(&health.lock);
	return ended;
}
