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
 *   probe large QUEUE BYTES [REPLY-TO]   publish a message of that size
 *   probe empty QUEUE          publish a message without a body; its message_id is "empty"
 *   probe signed QUEUE [MAC]   publish each line of standard input, with the relay's MAC or this
 *   probe declare              declare Purse's own topology
 *   probe undeclare EXCHANGE   delete an exchange
 *   probe redeclare EXCHANGE   the same, and declare it again, without its bindings
 *
 * These declare nothing, so that they need only the rights of what they do:
 *
 *   probe to EXCHANGE BODY     publish to an exchange; with "" to statement_queue
 *   probe ask EXCHANGE BODY    the same, and print the reply to amq.rabbitmq.reply-to
 *   probe steal QUEUE          consume from a queue */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/event_mac.h"
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
empty(struct amqp *a, const char *queue)
{
	struct outgoing m = {
		.exchange = "", .key = queue, .body = "", .message_id = "empty", .mandatory = true
	};

	return amqp_publish(a, &m, 1) == OK;
}

/* With `forged` if it is not NULL, else with the right MAC. */
static bool
send_signed(struct amqp *a, const char *queue, const char *forged)
{
	char mac[EVENT_MAC_TEXT], *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool done = event_mac_load();

	while (done && (n = getline(&line, &room, stdin)) > 0) {
		struct outgoing m = { .exchange = "",
			.key = queue,
			.body = line,
			.bytes = (size_t)(line[n - 1] == '\n' ? n - 1 : n),
			.mac = forged != NULL ? forged : mac,
			.mandatory = true };

		event_mac_write(m.body, m.bytes, mac);
		done = amqp_publish(a, &m, 1) == OK;
	}
	free(line);
	return done;
}

static bool
to(struct amqp *a, const char *exchange, const char *body)
{
	struct outgoing m = { .exchange = exchange,
		.key = STATEMENT_QUEUE,
		.body = body,
		.bytes = strlen(body),
		.mandatory = true };

	return amqp_publish(a, &m, 1) == OK;
}

/* Direct reply-to: consumes without acknowledgements, on the channel that publishes. */
static bool
ask(struct amqp *a, const char *exchange, const char *body)
{
	const char *queue = "amq.rabbitmq.reply-to";
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_REPLY_TO_FLAG,
		.reply_to = amqp_cstring_bytes(queue) };
	struct message *m = NULL;

	if (amqp_basic_consume(
		    a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(queue),
		    amqp_empty_bytes, 0, 1, 0, amqp_empty_table) == NULL ||
		amqp_basic_publish(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(exchange),
			amqp_cstring_bytes("any.key"), 1, 0, &p,
			amqp_cstring_bytes(body)) != AMQP_STATUS_OK ||
		amqp_receive(a, PATIENCE_MS, &m) != OK || m == NULL)
		return false;
	print(m);
	message_free(m);
	return true;
}

static bool
undeclare(struct amqp *a, const char *exchange)
{
	if (amqp_exchange_delete(
		    a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(exchange), 0) != NULL)
		return true;
	(void)amqp_fail_reply(a, "cannot delete", amqp_get_rpc_reply(a->connection));
	return false;
}

static bool
redeclare(struct amqp *a, const char *exchange)
{
	return undeclare(a, exchange) &&
	       amqp_exchange_declare(a->connection, CHANNEL_CONSUME, amqp_cstring_bytes(exchange),
		       amqp_cstring_bytes("topic"), 0, 1, 0, 0, amqp_empty_table) != NULL;
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
large(struct amqp *a, const char *queue, long bytes, const char *reply_to)
{
	struct outgoing m = { .exchange = "",
		.key = queue,
		.bytes = (size_t)bytes,
		.mandatory = true,
		.message_id = "large",
		.reply_to = reply_to };
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
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	bool listens = strcmp(what, "listen") == 0, declares = strcmp(what, "declare") == 0;
	bool bare = strcmp(what, "to") == 0 || strcmp(what, "ask") == 0 ||
		strcmp(what, "steal") == 0 || strcmp(what, "undeclare") == 0 ||
		strcmp(what, "redeclare") == 0;
	bool done = false;
	struct amqp_queue queue = { argc > 2 ? argv[2] : "",
		(const char *const *)(argc > 3 ? argv + 3 : argv + argc) };
	struct amqp_topology own = { PURSE_EXCHANGE, &queue, listens };
	struct amqp *a;
	uint32_t ready;

	if (!config_load() || !config_require(OPT_AMQP_URL))
		return 1;
	log_init("probe", config_text(OPT_LOG_LEVEL));
	if (argc < 3 && !declares)
		return 2;
	a = amqp_new(config_text(OPT_AMQP_URL), declares ? &purse_topology : &own);
	if (a == NULL || (bare ? amqp_open(a) : amqp_connect(a)) != OK)
		return 1;
	if (listens || declares)
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
	else if (strcmp(what, "empty") == 0)
		done = empty(a, argv[2]);
	else if (strcmp(what, "signed") == 0)
		done = send_signed(a, argv[2], argc > 3 ? argv[3] : NULL);
	else if (strcmp(what, "to") == 0 && argc == 4)
		done = to(a, argv[2], argv[3]);
	else if (strcmp(what, "ask") == 0 && argc == 4)
		done = ask(a, argv[2], argv[3]);
	else if (strcmp(what, "steal") == 0)
		done = amqp_consume(a, argv[2], 1) == OK;
	else if (strcmp(what, "undeclare") == 0)
		done = undeclare(a, argv[2]);
	else if (strcmp(what, "redeclare") == 0)
		done = redeclare(a, argv[2]);
	else if (strcmp(what, "large") == 0)
		done = large(a, argv[2], n, argc > 4 ? argv[4] : NULL);
	else if (strcmp(what, "count") == 0 && (done = amqp_count(a, argv[2], &ready) == OK))
		printf("%" PRIu32 "\n", ready);
	amqp_free(a);
	return done ? 0 : 1;
}
