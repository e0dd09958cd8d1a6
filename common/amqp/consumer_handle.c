/* consumer_handle.c - handles a batch until each message is acknowledged; consumer.h states how
 * often it tries. */
#include <inttypes.h>

#include "common/amqp/consumer_private.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

/* When stopping, cancels before it acknowledges: an acknowledgement makes the broker send more. One
 * acknowledgement covers everything up to the last message: all before it are done. */
bool
deliveries_finish(struct run *r, struct delivery *d, size_t count)
{
	return deliveries_publish(r, d, count) &&
	       (!program_stopping() || amqp_cancel(r->amqp) == OK) &&
	       amqp_ack(r->amqp, d[count - 1].message->tag, true) == OK;
}

/* The same if some of them are to be tried again: acknowledges the others one by one, and moves
 * those that remain to the front, in their order. */
static bool
finish_done(struct run *r, struct delivery *d, size_t *count)
{
	size_t left = 0;

	if (!deliveries_publish(r, d, *count) ||
	    (program_stopping() && amqp_cancel(r->amqp) != OK))
		return false;
	for (size_t i = 0; i < *count; i++) {
		struct delivery moved = d[i];

		if (moved.later == OK) {
			if (amqp_ack(r->amqp, moved.message->tag, false) != OK)
				return false;
			continue;
		}
		d[i] = d[left];
		d[left++] = moved;
	}
	*count = left;
	return true;
}

/* If so many are too slow, and none is not, it is the database. */
#define SLOW_MAX 3

/* An unavailable server says nothing about the messages, so it does not count. */
static bool
is_passing(enum error e)
{
	return e == ERR_UNAVAILABLE || e == ERR_OVERLOADED;
}

/* A batch has failed: handles its messages one by one, and marks those that fail alone. */
static enum error
handle_each(struct run *r, struct delivery *d, size_t count, enum error e)
{
	size_t done = 0, slow = 0;

	if (count == 1) {
		delivery_later(&d[0], e);
		return OK;
	}
	log_warn("a batch of %zu failed: trying its messages one by one", count);
	for (size_t i = 0; i < count; i++) {
		if (amqp_idle(r->amqp, 0) != OK)
			return ERR_UNAVAILABLE;
		delivery_clear(&d[i]);
		e = watch_handle(r, &d[i], 1, true);
		if (is_passing(e))
			return e;
		if (e != OK)
			delivery_later(&d[i], e);
		done += e == OK;
		slow += e == ERR_TOO_SLOW;
		if (slow == SLOW_MAX && done == 0)
			return ERR_UNAVAILABLE;
	}
	return OK;
}

/* Counts a failure, and gives the message up after too many. */
static bool
is_for_later(struct delivery *d)
{
	int most = d->later == ERR_TOO_SLOW ? CONSUMER_SLOW_TRIES : CONSUMER_TRIES;

	if (d->later != OK && !is_passing(d->later) && ++d->tries >= most) {
		delivery_dead(d, d->later, "handling it failed %d times", d->tries);
		d->later = OK;
	}
	return d->later != OK;
}

/* The broker would dead-letter it after this delivery, without an answer. */
static bool
is_worn_out(const struct message *m)
{
	return m->deliveries >= config_number(OPT_DELIVERY_LIMIT);
}

/* Handles deliveries until they are done and acknowledged. False: connection lost, or time to stop;
 * unacknowledged messages are redelivered. */
bool
deliveries_handle(struct run *r, struct delivery *d, size_t count, bool is_retry)
{
	struct backoff pause = { 0 };

	if (count == 1 && is_worn_out(d->message)) {
		delivery_dead(d, ERR_TIMEOUT, "delivered %" PRId64 " times, and never finished",
			d->message->deliveries);
		return deliveries_finish(r, d, count);
	}
	for (;; is_retry = true) {
		size_t later = 0;
		enum error e;

		for (size_t i = 0; i < count; i++)
			delivery_clear(&d[i]);
		e = watch_handle(r, d, count, is_retry);
		if (e != OK && !is_passing(e))
			e = handle_each(r, d, count, e);
		for (size_t i = 0; e == OK && i < count; i++)
			later += is_for_later(&d[i]);
		if (e == OK && later == 0)
			return deliveries_finish(r, d, count);
		if (e == OK && !finish_done(r, d, &count))
			return false;
		if (!wait_with_heartbeats(r, &pause))
			return false;
	}
}
