/* probe.c - a RabbitMQ client for the tests: listens, takes, requeues, counts, deletes, publishes
 * oversized messages.
 *
 *   probe listen QUEUE [KEY…]  declare QUEUE (and QUEUE.dead), bound to purse.events with the keys
 *   probe take QUEUE N         take N messages and print a line of JSON each; fails after a minute
 *   probe requeue QUEUE N      take a message and requeue it, N times
 *   probe touch QUEUE N        take N and exit without acknowledging them, so they are redelivered
 *   probe emit KEY BODY        publish to purse.events
 *   probe copied QUEUE BODY    publish to QUEUE, with a CC header that also names it
 *   probe count QUEUE          print the number of waiting messages
 *   probe delete QUEUE         delete QUEUE and QUEUE.dead
 *   probe large QUEUE BYTES    publish a message of that size */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "consumers/topology.h"

#define PATIENCE_MS 60000

static void
print(const struct message *m)
{
	json_t *body = json_loadb(m->body, m->bytes, 0, NULL);
	char *line;

	if (body == NULL)
		body = json_stringn(m->body, m->bytes);
	body = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:I, s:o?}", "exchange",
		m->exchange, "key", m->key, "type", m->type, "message_id", m->message_id,
		"correlation_id", m->correlation_id, "content_type", m->content_type, "reason",
		m->reason, "redelivered", m->redelivered, "deliveries", (json_int_t)m->deliveries,
		"body", body);
	line = json_dumps(body, JSON_COMPACT);
	puts(line);
	free(line);
	json_decref(body);
}

static bool
take(struct amqp *a, const char *queue, long n)
{
	int64_t until = clock_monotonic_ms() + PATIENCE_MS;
	struct message *m;

	if (amqp_consume(a, queue, 100) != OK)
		return false;
	while (n > 0 && clock_monotonic_ms() < until) {
		if (amqp_receive(a, 100, &m) != OK)
			return false;
		if (m == NULL)
			continue;
		print(m);
		if (amqp_ack(a, m->tag, false) != OK)
			return false;
		message_free(m);
		n--;
	}
	return n == 0;
}

static bool
requeue(struct amqp *a, const char *queue, long n)
{
	int64_t until = clock_monotonic_ms() + PATIENCE_MS;
	struct message *m;

	while (n > 0 && clock_monotonic_ms() < until) {
		if (amqp_get(a, queue, &m) != OK)
			return false;
		if (m != NULL && amqp_reject(a, m->tag, true) != OK)
			return false;
		n -= m != NULL;
		message_free(m);
	}
	return n == 0;
}

static bool
touch(struct amqp *a, const char *queue, long n)
{
	struct message *m = NULL;

	for (; n > 0; n--) {
		if (amqp_get(a, queue, &m) != OK || m == NULL)
			return false;
		message_free(m);
	}
	return true;
}

static bool
emit(struct amqp *a, const char *key, const char *body)
{
	struct outgoing m = { .exchange = PURSE_EXCHANGE,
		.key = key,
		.body = body,
		.bytes = strlen(body),
		.mandatory = true };

	return amqp_publish(a, &m, 1) == OK;
}

static bool
copied(struct amqp *a, const char *queue, const char *body)
{
	amqp_field_value_t names[] = { { .kind = AMQP_FIELD_KIND_UTF8,
		.value.bytes = amqp_cstring_bytes(queue) } };
	amqp_table_entry_t cc = { .key = amqp_cstring_bytes("CC"),
		.value = { .kind = AMQP_FIELD_KIND_ARRAY, .value.array = { 1, names } } };
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_HEADERS_FLAG |
						AMQP_BASIC_MESSAGE_ID_FLAG,
		.headers = { 1, &cc },
		.message_id = amqp_cstring_bytes("copied") };
	uint32_t ready;

	/* The count uses the same channel, so its answer comes after the broker has read the
	 * message. */
	return amqp_basic_publish(a->connection, CHANNEL_CONSUME, amqp_empty_bytes,
		       amqp_cstring_bytes(queue), 1, 0, &p,
		       amqp_cstring_bytes(body)) == AMQP_STATUS_OK &&
	       amqp_count(a, queue, &ready) == OK;
}

static bool
drop(struct amqp *a, const char *queue)
{
	char dead[AMQP_NAME_MAX];

	amqp_dead_name(queue, dead);
	return amqp_queue_delete(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(queue), 0, 0) !=
		       NULL &&
	       amqp_queue_delete(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(dead), 0, 0) !=
		       NULL;
}

static bool
large(struct amqp *a, const char *queue, long bytes)
{
	struct outgoing m = { .exchange = "",
		.key = queue,
		.bytes = (size_t)bytes,
		.mandatory = true,
		.message_id = "large" };
	char *body = malloc((size_t)bytes);
	bool done;

	if (body == NULL)
		return false;
	memset(body, ' ', (size_t)bytes);
	m.body = body;
	done = amqp_publish(a, &m, 1) == OK;
	free(body);
	return done;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long n = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	bool listens = strcmp(what, "listen") == 0, done = false;
	struct amqp_queue queue = { argc > 2 ? argv[2] : "",
		(const char *const *)(argc > 3 ? argv + 3 : argv + argc) };
	struct amqp_topology own = { PURSE_EXCHANGE, &queue, listens };
	struct amqp *a;
	uint32_t ready;

	if (!config_load() || !config_require(OPT_AMQP_URL))
		return 1;
	log_init("probe", config_text(OPT_LOG_LEVEL));
	a = amqp_new(config_text(OPT_AMQP_URL), &own);
	if (a == NULL || amqp_connect(a) != OK)
		return 1;
	if (listens)
		done = true;
	else if (strcmp(what, "take") == 0)
		done = take(a, argv[2], n);
	else if (strcmp(what, "requeue") == 0)
		done = requeue(a, argv[2], n);
	else if (strcmp(what, "touch") == 0)
		done = touch(a, argv[2], n);
	else if (strcmp(what, "emit") == 0 && argc == 4)
		done = emit(a, argv[2], argv[3]);
	else if (strcmp(what, "copied") == 0 && argc == 4)
		done = copied(a, argv[2], argv[3]);
	else if (strcmp(what, "delete") == 0)
		done = drop(a, argv[2]);
	else if (strcmp(what, "large") == 0)
		done = large(a, argv[2], n);
	else if (strcmp(what, "count") == 0 && (done = amqp_count(a, argv[2], &ready) == OK))
		printf("%" PRIu32 "\n", ready);
	amqp_free(a);
	return done ? 0 : 1;
}
