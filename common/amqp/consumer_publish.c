/* consumer_publish.c - publishes what a consumer decided: dead letters and replies. */
#include <stdlib.h>
#include <string.h>

#include "common/amqp/consumer_private.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/program.h"

#define SLICE_MS 250

/* Waits while it holds the batch, serving heartbeats. False: connection lost, or time to stop. A
 * plain sleep would not do: without heartbeats the broker would close the connection and redeliver
 * the batch. */
bool
wait_with_heartbeats(struct run *r, struct backoff *pause)
{
	int64_t left = backoff_next_ms(pause), until = clock_monotonic_ms() + left;

	for (; left > 0 && !program_stopping(); left = until - clock_monotonic_ms())
		if (amqp_idle(r->amqp, left < SLICE_MS ? (int)left : SLICE_MS) != OK)
			return false;
	if (drain_timed_out())
		r->status = 1;
	return !program_stopping() && r->status == 0;
}

/* A dead letter must arrive: once its message is acknowledged, nothing else is left of it. */
static bool
publish_dead(struct run *r, struct delivery *d, size_t count)
{
	struct outgoing out[CONSUMER_BATCH_MAX];
	struct backoff pause = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (d[i].dead == NULL)
			continue;
		log_warn("dead-lettering a message of %s: %s", r->consumer->queue, d[i].dead);
		out[n++] = (struct outgoing){ .exchange = "",
			.key = r->dead_queue,
			.copy = d[i].message,
			.reason = d[i].dead,
			.mandatory = true };
	}
	while (n > 0 && amqp_publish(r->amqp, out, n) != OK)
		if (!wait_with_heartbeats(r, &pause))
			return false;
	return true;
}

/* Replies go through the default exchange. A publisher could have us write to our own queues, which
 * they must not reach. */
static bool
reply_is_allowed(const struct run *r, const struct message *m)
{
	if (!amqp_topology_has(r->consumer->topology, m->reply_to))
		return true;
	log_warn("no reply to %s, which is not a requester's queue", m->reply_to);
	return false;
}

/* A reply need not: its requester can be gone, and one client's full queue must not hold up
 * everyone else. */
bool
publish_replies(struct run *r, struct delivery *d, size_t count)
{
	struct outgoing out[CONSUMER_BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (d[i].dead != NULL && r->consumer->dead_reply != NULL)
			delivery_reply(&d[i], r->consumer->dead_reply(d[i].message, d[i].dead));
		if (d[i].reply != NULL && reply_is_allowed(r, d[i].message))
			out[n++] = (struct outgoing){ .exchange = "",
				.key = d[i].message->reply_to,
				.body = d[i].reply,
				.bytes = strlen(d[i].reply),
				.content_type = "application/cloudevents+json",
				.correlation_id = d[i].message->correlation_id };
	}
	return n == 0 || amqp_publish_once(r->amqp, out, n) == OK;
}

bool
deliveries_publish(struct run *r, struct delivery *d, size_t count)
{
	drain_deadline_extend();
	return publish_dead(r, d, count) && publish_replies(r, d, count);
}
