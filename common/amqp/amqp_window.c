/* amqp_window.c - keeps account of what the broker has confirmed, refused or returned of what was
 * published.
 *
 * RabbitMQ numbers what a channel publishes from 1 on and answers by number: ack (it is on disk
 * wherever it must be) or nack (a queue would not have it), for one message or for all up to it. A
 * mandatory message that no queue takes comes back as basic.return before its ack. The return has
 * no number; but whether a queue takes a message is decided by exchange and key alone, so it speaks
 * for all that wait with the same two. */
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/invariant.h"
#include "common/base/log.h"

static struct outgoing **
place(struct amqp *a, uint64_t number)
{
	return &a->window[number & (WINDOW - 1)];
}

void
window_add(struct amqp *a, struct outgoing *m)
{
	INVARIANT(*place(a, a->next) == NULL, "the window is full at %llu: %zu are unsettled",
		(unsigned long long)a->next, a->unsettled);
	m->state = OUTGOING_SENT;
	*place(a, a->next++) = m;
	a->unsettled++;
}

static void
settle_one(struct amqp *a, uint64_t number, enum outgoing_state state)
{
	struct outgoing **m = place(a, number);

	if (*m == NULL)
		return;
	/* Returned is the worse news: the ack that follows does not undo it. */
	if ((*m)->state == OUTGOING_SENT)
		(*m)->state = state;
	*m = NULL;
	a->unsettled--;
}

void
window_settle(struct amqp *a, uint64_t tag, bool multiple, enum outgoing_state state)
{
	if (tag >= a->next ||
		tag < a->oldest) /* the latter: given up meanwhile, its place may be another's */
		return;
	for (uint64_t n = multiple ? a->oldest : tag; n <= tag; n++)
		settle_one(a, n, state);
	while (a->oldest < a->next && *place(a, a->oldest) == NULL)
		a->oldest++;
}

void
window_return(struct amqp *a, const char *exchange, const char *key)
{
	log_warn("RabbitMQ: no queue takes what is published to \"%s\" with key \"%s\"", exchange,
		key);
	for (uint64_t n = a->oldest; n < a->next; n++) {
		struct outgoing *m = *place(a, n);

		if (m != NULL && m->mandatory && strcmp(m->exchange, exchange) == 0 &&
			strcmp(m->key, key) == 0)
			m->state = OUTGOING_RETURNED;
	}
}

/* What is left unsettled may or may not be with the broker: the connection is closed and it is sent
 * again, or it is given up. */
void
window_clear(struct amqp *a)
{
	for (uint64_t n = a->oldest; n < a->next; n++) {
		struct outgoing **m = place(a, n);

		if (*m != NULL)
			(*m)->state = OUTGOING_NEW;
		*m = NULL;
	}
	a->oldest = a->next;
	a->unsettled = 0;
}
