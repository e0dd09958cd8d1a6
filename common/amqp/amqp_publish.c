/* amqp_publish.c - publishes messages and waits for confirms; amqp_window.c tracks them. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* With the two that we add. A copied message's further headers are dropped. */
#define HEADERS_MAX 64
#define HEADERS_OURS 3 /* x-purse-mac, x-reason, x-dead-at */
/* How long a reply can hold up the acknowledgement of its batch. */
#define OFFER_MS 1000

static void
set(amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t *property, const char *text)
{
	if (text == NULL)
		return;
	p->_flags |= flag;
	*property = amqp_cstring_bytes(text);
}

/* Fills `entries`: the headers of a copied message, then our own. */
static void
set_headers(amqp_basic_properties_t *p, const struct outgoing *m,
	amqp_table_entry_t entries[HEADERS_MAX], char dead_at[INSTANT_TEXT])
{
	const amqp_table_t *kept = m->copy == NULL ? NULL : message_table(m->copy);
	int n = 0;

	while (kept != NULL && n < kept->num_entries && n < HEADERS_MAX - HEADERS_OURS) {
		entries[n] = kept->entries[n];
		n++;
	}
	if (m->mac != NULL)
		entries[n++] = text_entry("x-purse-mac", m->mac);
	if (m->reason != NULL) {
		instant_format(clock_now(), dead_at);
		entries[n++] = text_entry("x-reason", m->reason);
		entries[n++] = text_entry("x-dead-at", dead_at);
	}
	if (n > 0) {
		p->_flags |= AMQP_BASIC_HEADERS_FLAG;
		p->headers = (amqp_table_t){ n, entries };
	}
}

/* Persistent always: a confirm means that the message survives a restart of the broker. */
static int
publish_one(struct amqp *a, const struct outgoing *m)
{
	const struct message *c = m->copy;
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
		.delivery_mode = AMQP_DELIVERY_PERSISTENT };
	amqp_table_entry_t entries[HEADERS_MAX];
	char dead_at[INSTANT_TEXT];
	amqp_bytes_t body;

	set(&p, AMQP_BASIC_CONTENT_TYPE_FLAG, &p.content_type,
		c != NULL ? c->content_type : m->content_type);
	set(&p, AMQP_BASIC_TYPE_FLAG, &p.type, c != NULL ? c->type : m->type);
	set(&p, AMQP_BASIC_MESSAGE_ID_FLAG, &p.message_id,
		c != NULL ? c->message_id : m->message_id);
	set(&p, AMQP_BASIC_CORRELATION_ID_FLAG, &p.correlation_id,
		c != NULL ? c->correlation_id : m->correlation_id);
	set(&p, AMQP_BASIC_REPLY_TO_FLAG, &p.reply_to, c != NULL ? c->reply_to : m->reply_to);
	if (c != NULL) {
		set(&p, AMQP_BASIC_CONTENT_ENCODING_FLAG, &p.content_encoding, c->content_encoding);
		set(&p, AMQP_BASIC_APP_ID_FLAG, &p.app_id, c->app_id);
		if (c->timestamp != 0) {
			p._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
			p.timestamp = c->timestamp;
		}
	}
	set_headers(&p, m, entries, dead_at);
	/* The library's type is not const, but it only reads. */
	body.bytes = (void *)(c != NULL ? c->body : m->body);
	body.len = c != NULL ? c->bytes : m->bytes;
	return amqp_basic_publish(a->connection, CHANNEL_PUBLISH, bytes_of(m->exchange),
		bytes_of(m->key), m->mandatory, 0, &p, body);
}

/* Usually does not wait for anything: confirms are read when the window is full,
 * or by amqp_settle(). */
enum error
amqp_send(struct amqp *a, struct outgoing *m)
{
	enum error e;
	int status;

	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	if (a->next - a->oldest >= WINDOW && (e = amqp_settle(a, WINDOW / 2)) != OK)
		return e;
	/* One old straggler still blocks the ring: wait for everything. */
	if (a->next - a->oldest >= WINDOW && (e = amqp_settle(a, 0)) != OK)
		return e;
	window_add(a, m);
	status = publish_one(a, m);
	return status == AMQP_STATUS_OK ? OK : amqp_fail(a, "cannot publish", status);
}

/* Waits until `m` is settled or, if it is NULL, until at most `unsettled` messages are not.
 * AMQP_TIMEOUT bounds the wait for each confirm, not for all of them. */
static enum error
wait_settled(struct amqp *a, size_t unsettled, const struct outgoing *m)
{
	int64_t wait_ms = config_number(OPT_AMQP_TIMEOUT), until = clock_monotonic_ms() + wait_ms,
		left = wait_ms;
	enum error e;
	bool any;

	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	while (m != NULL ? m->state == OUTGOING_SENT : a->unsettled > unsettled) {
		size_t before = a->unsettled;

		if (left <= 0)
			return amqp_fail(a, a->blocked ? "publishing is blocked" : "not confirmed",
				AMQP_STATUS_TIMEOUT);
		if ((e = amqp_pump(a, (int)left, &any)) != OK)
			return e;
		if (a->unsettled < before)
			until = clock_monotonic_ms() + wait_ms; /* the broker is slow, not dead */
		left = until - clock_monotonic_ms();
	}
	return OK;
}

enum error
amqp_settle(struct amqp *a, size_t unsettled)
{
	return wait_settled(a, unsettled, NULL);
}

enum error
amqp_settle_one(struct amqp *a, const struct outgoing *m)
{
	return wait_settled(a, 0, m);
}

/* Full packets instead of one per message: a third of the work for both sides. */
static void
cork(struct amqp *a, int on)
{
	if (a->connection != NULL)
		(void)setsockopt(amqp_get_sockfd(a->connection), IPPROTO_TCP, TCP_CORK, &on,
			sizeof(on));
}

enum error
amqp_send_all(struct amqp *a, struct outgoing *messages, size_t count)
{
	enum error e = OK;

	cork(a, 1);
	for (size_t i = 0; i < count && e == OK; i++)
		if (messages[i].state != OUTGOING_CONFIRMED)
			e = amqp_send(a, &messages[i]);
	cork(a, 0);
	return e;
}

enum error
amqp_publish(struct amqp *a, struct outgoing *messages, size_t count)
{
	enum error e = amqp_send_all(a, messages, count);
	size_t confirmed = 0, returned = 0;

	if (e == OK)
		e = amqp_settle(a, 0);
	for (size_t i = 0; i < count; i++) {
		confirmed += messages[i].state == OUTGOING_CONFIRMED;
		returned += messages[i].state == OUTGOING_RETURNED;
		if (messages[i].state != OUTGOING_CONFIRMED) /* the next call sends it again */
			messages[i].state = OUTGOING_NEW;
	}
	if (e != OK || confirmed == count)
		return e;
	log_warn("RabbitMQ refused %zu of %zu messages: a queue is full or missing",
		count - confirmed, count);
	if (returned > 0)
		amqp_close(a); /* amqp_connect() declares the missing queue again */
	return ERR_UNAVAILABLE;
}

enum error
amqp_publish_once(struct amqp *a, struct outgoing *messages, size_t count)
{
	enum error e = amqp_send_all(a, messages, count);
	int64_t until = clock_monotonic_ms() + OFFER_MS, left = OFFER_MS;
	size_t confirmed = 0;
	bool any;

	for (; e == OK && a->unsettled > 0 && left > 0; left = until - clock_monotonic_ms())
		e = amqp_pump(a, (int)left, &any);
	if (e != OK)
		return e;
	for (size_t i = 0; i < count; i++)
		confirmed += messages[i].state == OUTGOING_CONFIRMED;
	if (confirmed < count)
		log_warn("RabbitMQ: gave up on %zu of %zu replies: queue full or not confirmed",
			count - confirmed, count);
	window_clear(a); /* a confirm that still comes finds nothing to settle */
	return OK;
}
