/* amqp_topology.c - declares exchanges and queues. Redeclaring them changes nothing, so every
 * program declares them when it connects. */
#include <stdio.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* Cut, so that the name fits with its ending. AMQP allows 255 bytes. */
void
amqp_dead_name(const char *queue, char out[AMQP_NAME_MAX])
{
	(void)snprintf(out, AMQP_NAME_MAX, "%.240s.dead", queue);
}

bool
amqp_topology_has(const struct amqp_topology *t, const char *queue)
{
	char dead[AMQP_NAME_MAX];

	for (size_t i = 0; i < t->count; i++) {
		amqp_dead_name(t->queues[i].name, dead);
		if (strcmp(queue, t->queues[i].name) == 0 || strcmp(queue, dead) == 0)
			return true;
	}
	return false;
}

static amqp_table_entry_t
number_entry(const char *name, int64_t n)
{
	return (amqp_table_entry_t){ .key = amqp_cstring_bytes(name),
		.value = { .kind = AMQP_FIELD_KIND_I64, .value.i64 = n } };
}

/* The options of an existing queue cannot be changed: it is used as it is, with a warning. */
static enum error
declare_queue(struct amqp *a, const char *name, amqp_table_t arguments)
{
	amqp_rpc_reply_t reply;

	(void)amqp_queue_declare(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(name), 0, 1, 0,
		0, arguments);
	reply = amqp_get_rpc_reply(a->connection);
	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return OK;
	if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
		reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *c = reply.reply.decoded;
		amqp_channel_close_ok_t closed = { 0 };

		/* 406 closes the channel, not the connection: confirm that, and open it again. */
		if (c->reply_code == AMQP_PRECONDITION_FAILED) {
			log_warn("queue %s exists with other options and keeps them (%.*s): "
				 "docs/events.md explains how to change them",
				name, (int)c->reply_text.len, (const char *)c->reply_text.bytes);
			if (amqp_send_method(a->connection, CHANNEL_CONSUME,
				    AMQP_CHANNEL_CLOSE_OK_METHOD, &closed) != AMQP_STATUS_OK)
				return amqp_fail(a, "cannot declare the queues",
					AMQP_STATUS_CONNECTION_CLOSED);
			return amqp_open_channel(a, CHANNEL_CONSUME);
		}
	}
	return amqp_fail_reply(a, "cannot declare the queues", reply);
}

/* At-least-once dead-lettering needs reject-publish. A dead-letter queue has no dead letters of its
 * own and no delivery limit: inspecting its messages must not use them up. The dead-letter queue
 * comes first: no message may die before it has a place to go. */
static enum error
declare_pair(struct amqp *a, const char *name)
{
	bool limits = config_number(OPT_QUEUE_ARGUMENTS) == 1;
	char dead[AMQP_NAME_MAX];
	amqp_table_entry_t entries[8];
	int n = 0;
	enum error e;

	amqp_dead_name(name, dead);
	entries[n++] = text_entry("x-queue-type", "quorum");
	if (limits) {
		entries[n++] = text_entry("x-overflow", "reject-publish");
		entries[n++] = number_entry("x-max-length", config_number(OPT_QUEUE_LENGTH));
	}
	if ((e = declare_queue(a, dead, (amqp_table_t){ n, entries })) != OK)
		return e;
	if (limits) {
		entries[n++] = number_entry("x-delivery-limit", config_number(OPT_DELIVERY_LIMIT));
		entries[n++] = text_entry("x-dead-letter-strategy", "at-least-once");
		entries[n++] = text_entry("x-dead-letter-exchange", "");
		entries[n++] = text_entry("x-dead-letter-routing-key", dead);
	}
	return declare_queue(a, name, (amqp_table_t){ n, entries });
}

static enum error
declare_exchange(struct amqp *a, const char *name)
{
	if (amqp_exchange_declare(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(name),
		    amqp_cstring_bytes("topic"), 0, 1, 0, 0, amqp_empty_table) == NULL)
		return amqp_fail_reply(
			a, "cannot declare the exchange", amqp_get_rpc_reply(a->connection));
	return OK;
}

static enum error
bind_queue(struct amqp *a, const char *queue, const char *exchange, const char *key)
{
	if (amqp_queue_bind(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(queue),
		    amqp_cstring_bytes(exchange), amqp_cstring_bytes(key),
		    amqp_empty_table) == NULL)
		return amqp_fail_reply(
			a, "cannot bind the queues", amqp_get_rpc_reply(a->connection));
	return OK;
}

enum error
amqp_bind_keys(struct amqp *a, const struct amqp_queue *q)
{
	enum error e = OK;

	for (const char *const *key = q->keys; e == OK && *key != NULL; key++)
		e = bind_queue(a, q->name, a->topology->exchange, *key);
	return e;
}

enum error
amqp_bind_door(struct amqp *a)
{
	return bind_queue(a, a->topology->door_queue, a->topology->door, "#");
}

static enum error
declare_door(struct amqp *a, const struct amqp_topology *t)
{
	enum error e = t->door == NULL ? OK : declare_exchange(a, t->door);

	return e != OK || t->door == NULL ? e : amqp_bind_door(a);
}

enum error
amqp_declare(struct amqp *a)
{
	const struct amqp_topology *t = a->topology;
	enum error e = declare_exchange(a, t->exchange);

	for (size_t i = 0; e == OK && i < t->count; i++)
		if ((e = declare_pair(a, t->queues[i].name)) == OK)
			e = amqp_bind_keys(a, &t->queues[i]);
	if (e == OK)
		e = declare_door(a, t);
	if (e == OK)
		amqp_maybe_release_buffers_on_channel(a->connection, CHANNEL_CONSUME);
	return e;
}
