/* amqp_receive.c - receives messages: from a queue as they arrive, or one on request. */
#include <stdio.h>

#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"

/* The prefetch is per consumer (global = 0): quorum queues support no other. So another prefetch is
 * another consumer, with a tag of its own. Acknowledgements are ours to send (no_ack = 0). */
enum error
amqp_consume(struct amqp *a, const char *queue, int prefetch)
{
	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	(void)snprintf(a->consumer_tag, sizeof(a->consumer_tag), "purse-%d", prefetch);
	if (amqp_basic_qos(a->connection, CHANNEL_CONSUME, 0, (uint16_t)prefetch, 0) == NULL ||
		amqp_basic_consume(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(queue),
			amqp_cstring_bytes(a->consumer_tag), 0, 0, 0, amqp_empty_table) == NULL)
		return amqp_fail_reply(a, "cannot consume from the queue",
			amqp_get_rpc_reply(a->connection));
	a->consuming = true;
	(void)snprintf(a->consumed, sizeof(a->consumed), "%s", queue);
	return OK;
}

enum error
amqp_cancel(struct amqp *a)
{
	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	if (!a->consuming)
		return OK;
	/* The library queues deliveries that arrive before the response; the pump reads them
	 * later. */
	if (amqp_basic_cancel(a->connection, CHANNEL_CONSUME,
		    amqp_cstring_bytes(a->consumer_tag)) == NULL)
		return amqp_fail_reply(a, "cannot stop consuming",
			amqp_get_rpc_reply(a->connection));
	a->consuming = false;
	return OK;
}

static struct message *
inbox_pop(struct amqp *a)
{
	struct message *m = a->inbox;

	if (m != NULL) {
		a->inbox = m->next;
		if (a->inbox == NULL)
			a->inbox_end = &a->inbox;
		m->next = NULL;
	}
	return m;
}

/* Reads frames until a message is complete, since confirms and heartbeats arrive in between. */
enum error
amqp_receive(struct amqp *a, int timeout_ms, struct message **m)
{
	int64_t until = clock_monotonic_ms() + timeout_ms, left = timeout_ms;
	enum error e;
	bool any;

	while ((*m = inbox_pop(a)) == NULL) {
		if ((e = amqp_pump(a, left > 0 ? (int)left : 0, &any)) != OK)
			return e;
		if (!any && left <= 0)
			break;
		if (timeout_ms > 0)
			left = until - clock_monotonic_ms();
	}
	return OK;
}

enum error
amqp_get(struct amqp *a, const char *queue, struct message **m)
{
	amqp_basic_get_t get = { .queue = amqp_cstring_bytes(queue) };
	int64_t until = clock_monotonic_ms() + config_number(OPT_AMQP_TIMEOUT);
	enum error e;
	int status;
	bool any;

	*m = NULL;
	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	a->get_empty = false;
	/* Not amqp_basic_get(): its companion amqp_read_message() waits without a timeout. */
	status = amqp_send_method(a->connection, CHANNEL_CONSUME, AMQP_BASIC_GET_METHOD, &get);
	if (status != AMQP_STATUS_OK)
		return amqp_fail(a, "cannot get a message", status);
	while ((*m = inbox_pop(a)) == NULL && !a->get_empty) {
		int64_t left = until - clock_monotonic_ms();

		if (left <= 0)
			return amqp_fail(a, "cannot get a message", AMQP_STATUS_TIMEOUT);
		if ((e = amqp_pump(a, (int)left, &any)) != OK)
			return e;
	}
	return OK;
}

/* A passive declaration asks about a queue and creates nothing. */
enum error
amqp_count(struct amqp *a, const char *queue, uint32_t *ready)
{
	const amqp_queue_declare_ok_t *r;

	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	r = amqp_queue_declare(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(queue), 1, 0, 0,
		0, amqp_empty_table);
	if (r == NULL)
		return amqp_fail_reply(a, "cannot count messages",
			amqp_get_rpc_reply(a->connection));
	*ready = r->message_count;
	return OK;
}
