/* amqp_check.c - notices that a queue or an exchange was deleted, and has it declared again.
 *
 * A deleted exchange that someone has declared again looks as before, but its bindings are gone, so
 * the broker confirms what it then drops. AMQP cannot list bindings. So the door has a watch: an
 * exchange that leads to the door and deletes itself with its last binding (auto-delete). If the
 * watch is gone, so was the door. Only this file declares it. */
#include <stdio.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/log.h"

static enum error
found(struct amqp *a, const char *name, enum error e)
{
	if (e == ERR_NOT_FOUND)
		amqp_set_lost(a, name);
	return e;
}

/* ---- the watch ---- */

static enum error
watch_declare(struct amqp *a, bool passive)
{
	if (amqp_exchange_declare(a->connection, CHANNEL_CONSUME,
		    amqp_cstring_bytes(a->topology->door_watch), amqp_cstring_bytes("topic"),
		    passive, 1, 1, 1, amqp_empty_table) == NULL)
		return amqp_fail_reply(a, "cannot watch the exchange for publishers",
			amqp_get_rpc_reply(a->connection));
	return OK;
}

static enum error
watch_bind(struct amqp *a)
{
	if (amqp_exchange_bind(a->connection, CHANNEL_CONSUME,
		    amqp_cstring_bytes(a->topology->door),
		    amqp_cstring_bytes(a->topology->door_watch), amqp_cstring_bytes("#"),
		    amqp_empty_table) == NULL)
		return amqp_fail_reply(a, "cannot watch the exchange for publishers",
			amqp_get_rpc_reply(a->connection));
	return OK;
}

/* A broker whose definitions are older than this does not allow it: that closes the connection
 * once, and the next one does without. */
static enum error
watch_set(struct amqp *a)
{
	enum error e = watch_declare(a, false);

	if (e == OK)
		e = watch_bind(a);
	if (e == OK)
		a->watch = WATCH_SET;
	if (e != ERR_INTERNAL)
		return e;
	a->watch = WATCH_REFUSED;
	log_warn("%s is not watched: load the output of deploy/broker/definitions into the broker",
		a->topology->door);
	return e;
}

static enum error
watch_check(struct amqp *a)
{
	enum error e;

	if (a->watch == WATCH_REFUSED)
		return OK;
	if (a->watch == WATCH_NEW)
		return watch_set(a);
	if ((e = watch_declare(a, true)) == ERR_NOT_FOUND)
		a->watch = WATCH_NEW;
	return e;
}

/* ---- all of it ---- */

static enum error
door_check(struct amqp *a)
{
	enum error e = watch_check(a);

	return found(a, a->topology->door, e == OK ? amqp_bind_door(a) : e);
}

/* To bind a queue that is bound changes nothing. */
enum error
amqp_check(struct amqp *a, const char *queue)
{
	const struct amqp_topology *t = a->topology;
	uint32_t ready;
	enum error e = found(a, queue, amqp_count(a, queue, &ready));

	for (size_t i = 0; e == OK && i < t->count; i++)
		if (strcmp(t->queues[i].name, queue) == 0)
			e = found(a, t->exchange, amqp_bind_keys(a, &t->queues[i]));
	if (e == OK && t->door != NULL && strcmp(t->door_queue, queue) == 0)
		e = door_check(a);
	if (e == OK)
		amqp_maybe_release_buffers_on_channel(a->connection, CHANNEL_CONSUME);
	return e;
}
