/* amqp_window.c - tracks which published messages the broker has confirmed, refused or returned.
 *
 * RabbitMQ numbers what a channel publishes, starting at 1, and responds by number: ack (on disk
 * wherever it must be) or nack (a queue refused it), for one message or for all up to it. A
 * mandatory message that no queue is bound for comes back as basic.return before its ack. A return
 * has no number. But only exchange and key decide whether a queue gets a message, so a return
 * applies to every message in flight with the same two. */
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
	/* OUTGOING_RETURNED wins: the ack that follows a return does not undo it. */
	if ((*m)->state == OUTGOING_SENT)
		(*m)->state = state;
	*m = NULL;
	a->unsettled--;
}

void
window_settle(struct amqp *a, uint64_t tag, bool multiple, enum outgoing_state state)
{
	/* Below the oldest: given up meanwhile, and its place can be another message's. */
	if (tag >= a->next || tag < a->oldest)
		return;
	for (uint64_t n = multiple ? a->oldest : tag; n <= tag; n++)
		settle_one(a, n, state);
	/* Confirms of single messages come in any order, so the oldest may pass many at once. */
	while (a->oldest < a->next && *place(a, a->oldest) == NULL)
		a->oldest++;
}

void
window_return(struct amqp *a, const char *exchange, const char *key)
{
	log_warn("RabbitMQ: exchange \"%s\" has no queue for key \"%s\"", exchange, key);
	for (uint64_t n = a->oldest; n < a->next; n++) {
		struct outgoing *m = *place(a, n);

		if (m != NULL && m->mandatory && strcmp(m->exchange, exchange) == 0 &&
			strcmp(m->key, key) == 0)
			m->state = OUTGOING_RETURNED;
	}
}

/* No one knows whether the broker has the unsettled messages. After a close they are sent again;
 * amqp_publish_once() gives them up. */
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
