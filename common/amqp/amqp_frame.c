/* amqp_frame.c - reads frames from RabbitMQ and dispatches them: messages, confirms, close
 * methods. */
#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/log.h"

static enum error
dispatch_method(struct amqp *a, const amqp_frame_t *frame)
{
	const amqp_method_t *method = &frame->payload.method;

	switch (method->id) {
	case AMQP_BASIC_DELIVER_METHOD:
	case AMQP_BASIC_GET_OK_METHOD:
	case AMQP_BASIC_RETURN_METHOD:
		assembly_begin(&a->assembly[frame->channel], method);
		return OK;
	case AMQP_BASIC_GET_EMPTY_METHOD:
		a->get_empty = true;
		return OK;
	case AMQP_BASIC_ACK_METHOD: {
		const amqp_basic_ack_t *ack = method->decoded;
		window_settle(a, ack->delivery_tag, ack->multiple, OUTGOING_CONFIRMED);
		return OK;
	}
	case AMQP_BASIC_NACK_METHOD: {
		const amqp_basic_nack_t *nack = method->decoded;
		window_settle(a, nack->delivery_tag, nack->multiple, OUTGOING_REFUSED);
		return OK;
	}
	case AMQP_BASIC_CANCEL_OK_METHOD:
		a->consuming = false;
		return OK;
	case AMQP_CONNECTION_BLOCKED_METHOD:
		log_warn("RabbitMQ is short of memory or disk space and blocks publishers");
		a->blocked = true;
		return OK;
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		a->blocked = false;
		return OK;
	case AMQP_BASIC_CANCEL_METHOD: /* the queue was deleted */
		amqp_set_lost(a, a->consumed);
		return amqp_fail_method(a, "closed by the broker", method);
	/* channel.close, connection.close, or unexpected. The next amqp_connect() declares what is
	 * missing. */
	default:
		return amqp_fail_method(a, "closed by the broker", method);
	}
}

static void
inbox_push(struct amqp *a, struct message *m)
{
	*a->inbox_end = m;
	a->inbox_end = &m->next;
}

/* Handles what the frames so far add up to. */
static enum error
dispatch_assembled(struct amqp *a, struct assembly *s, enum assembled assembled)
{
	switch (assembled) {
	case ASSEMBLED_INCOMPLETE:
		return OK;
	case ASSEMBLED_MESSAGE:
		inbox_push(a, s->message);
		s->message = NULL;
		break;
	case ASSEMBLED_RETURN:
		window_return(a, s->exchange, s->key);
		break;
	case ASSEMBLED_NOTHING:
		break;
	case ASSEMBLED_NO_MEMORY:
		return amqp_fail(a, "connection closed", AMQP_STATUS_NO_MEMORY);
	case ASSEMBLED_INVALID:
		return amqp_fail(a, "connection lost", AMQP_STATUS_BAD_AMQP_DATA);
	}
	assembly_clear(s);
	return OK;
}

/* The library answers heartbeats itself, but only inside its waits. */
static enum error
dispatch_frame(struct amqp *a, const amqp_frame_t *frame)
{
	struct assembly *s = &a->assembly[frame->channel];

	if (frame->frame_type == AMQP_FRAME_METHOD)
		return dispatch_method(a, frame);
	if (frame->frame_type == AMQP_FRAME_HEADER)
		return dispatch_assembled(a, s, assembly_header(s, frame));
	if (frame->frame_type == AMQP_FRAME_BODY)
		return dispatch_assembled(a, s, assembly_body(s, frame));
	return OK;
}

enum error
amqp_pump(struct amqp *a, int timeout_ms, bool *any)
{
	/* The library truncates the remaining time to whole milliseconds: without the extra one,
	 * the last millisecond of each wait would be spent polling. */
	struct timeval timeout = timeval_of_ms(timeout_ms > 0 ? timeout_ms + 1 : 0);
	amqp_frame_t frame;
	enum error e;
	int status;

	*any = false;
	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	status = amqp_simple_wait_frame_noblock(a->connection, &frame, &timeout);
	if (status == AMQP_STATUS_TIMEOUT)
		return OK;
	if (status != AMQP_STATUS_OK)
		return amqp_fail(a, "connection lost", status);
	*any = true;
	if (frame.channel >= CHANNELS) /* it becomes an index */
		return amqp_fail(a, "connection lost", AMQP_STATUS_BAD_AMQP_DATA);
	e = dispatch_frame(a, &frame);
	/* Everything in the frame has been copied. */
	if (a->connection != NULL)
		amqp_maybe_release_buffers_on_channel(a->connection, frame.channel);
	return e;
}

enum error
amqp_idle(struct amqp *a, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms, left = timeout_ms;
	enum error e;
	bool any;

	do {
		e = amqp_pump(a, (int)left, &any);
		left = until - clock_monotonic_ms();
	} while (e == OK && left > 0);
	return e;
}
