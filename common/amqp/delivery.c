/* delivery.c - what a consumer decides about a message: its reply, or why it is dead-lettered. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/consumer_private.h"
#include "common/base/log.h"

#define REASON_BYTES 400

/* A later reason replaces an earlier one. */
void
delivery_dead(struct delivery *d, enum error e, const char *fmt, ...)
{
	char text[REASON_BYTES];
	int n = snprintf(text, sizeof(text), "%s: ", error_code(e));
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	free(d->dead);
	d->dead = strdup(text);
	if (d->dead == NULL) {
		log_error("no memory");
		abort(); /* nothing is lost: unacknowledged messages are redelivered */
	}
}

void
delivery_reply(struct delivery *d, char *json)
{
	if (json == NULL)
		return;
	free(d->reply);
	d->reply = NULL;
	if (d->message->reply_to != NULL && d->message->reply_to[0] != '\0')
		d->reply = json;
	else
		free(json);
}

void
delivery_later(struct delivery *d, enum error e)
{
	d->later = e;
}

void
delivery_clear(struct delivery *d)
{
	free(d->dead);
	free(d->reply);
	d->dead = NULL;
	d->reply = NULL;
	d->later = OK;
}
