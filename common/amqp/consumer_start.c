/* consumer_start.c - starts a program that uses RabbitMQ; with --drain it can give up. */
#include <stdatomic.h>

#include "common/amqp/consumer_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/program.h"

static bool draining; /* set before any thread starts */
static _Atomic int64_t drain_until_ms; /* with --drain: when to give up on unavailable servers */

bool
consumer_is_draining(void)
{
	return draining;
}

/* A daemon waits forever for an unavailable server; --drain gives up, because cron runs it
 * again. */
bool
drain_timed_out(void)
{
	return draining && clock_monotonic_ms() > drain_until_ms;
}

/* Each finished batch proves that the servers are there, and grants another AMQP_TIMEOUT. */
void
drain_deadline_extend(void)
{
	drain_until_ms = clock_monotonic_ms() + config_number(OPT_AMQP_TIMEOUT);
}

bool
consumer_start(
	int argc, char **argv, const char *name, enum option url, bool *drain, int *status)
{
	if (!program_start(argc, argv, name, drain, status))
		return false;
	if (config_text(url) == NULL && !config_require(OPT_AMQP_URL)) {
		*status = 1;
		return false;
	}
	draining = *drain;
	drain_deadline_extend();
	return true;
}

struct amqp *
consumer_amqp(enum option url, const struct amqp_topology *topology)
{
	return amqp_new(config_text(config_text(url) != NULL ? url : OPT_AMQP_URL), topology);
}

/* The pauses grow to 5 s, so a broker that restarts is not flooded. */
bool
consumer_connect(struct amqp *a)
{
	struct backoff pause = { 0 };

	while (!program_stopping() && amqp_connect(a) != OK)
		if (drain_timed_out() || !program_sleep(backoff_next_ms(&pause)))
			return false;
	return !program_stopping();
}
