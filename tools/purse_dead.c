/* purse_dead.c - `purse dead list|show|replay|drop`: the dead letters in <queue>.dead.
 *
 * Listing removes nothing: it gets messages without acknowledging them, and they return to the
 * queue when the connection closes. A walk ends after as many messages as the queue had at the
 * start, so it handles a replayed message that dies again only once. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bind.h"
#include "common/base/config.h"
#include "common/base/visible.h"
#include "consumers/topology.h"
#include "tools/purse.h"
#include "tools/purse_amqp.h"

#define LIST_MAX 1000
#define SHOW_MAX 20
#define REPLAY_BATCH 256 /* one wait for confirms each */
#define ID_TEXT 256
#define LINE_TEXT 1024 /* of a reason, with escapes */

struct walk {
	struct amqp *amqp;
	char queue[AMQP_NAME_MAX], dead[AMQP_NAME_MAX];
	uint32_t count;      /* dead letters still to visit */
	const char *only_id; /* NULL: all */
	size_t matched;
};

/* ---- walking ---- */

static void
digest_id(const char *prefix, const char *bytes, size_t n, char id[ID_TEXT])
{
	unsigned char digest[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(digest) + 1];

	crypto_generichash(digest, sizeof(digest), (const unsigned char *)bytes, n, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	(void)snprintf(id, ID_TEXT, "%s-%.12s", prefix, hex);
}

/* Anyone can choose a message_id: one that could pass for an option, a column or a command to the
 * terminal is not printed. */
static bool
is_printed(const char *message_id)
{
	return key_is_valid(message_id) && message_id[0] != '-';
}

/* Identifies a dead letter by its message_id, or a digest of that or of its body. The digest makes
 * the same body the same id in every listing, though a queue has no positions. */
static void
dead_id(const struct message *m, char id[ID_TEXT])
{
	if (m->message_id == NULL || m->message_id[0] == '\0')
		digest_id("body", m->body, m->bytes, id);
	else if (is_printed(m->message_id))
		(void)snprintf(id, ID_TEXT, "%s", m->message_id);
	else
		digest_id("id", m->message_id, strlen(m->message_id), id);
}

/* By the id that is printed, or by its message_id as it is. */
static bool
is_asked(const struct walk *w, const struct message *m)
{
	char id[ID_TEXT];

	if (w->only_id == NULL ||
		(m->message_id != NULL && strcmp(m->message_id, w->only_id) == 0))
		return true;
	dead_id(m, id);
	return strcmp(w->only_id, id) == 0;
}

static const char *
dead_reason(const struct message *m)
{
	if (m->reason != NULL)
		return m->reason;
	return m->death != NULL ? m->death : "unknown";
}

/* QUEUE can be given with or without ".dead". */
static bool
walk_begin(struct walk *w, const char *queue)
{
	size_t n = strlen(queue);
	enum error e;

	*w = (struct walk){ 0 };
	if (n > 5 && strcmp(queue + n - 5, ".dead") == 0)
		n -= 5;
	(void)snprintf(w->queue, sizeof(w->queue), "%.*s", (int)n, queue);
	amqp_dead_name(w->queue, w->dead);
	w->amqp = purse_amqp_open();
	if (w->amqp == NULL)
		return false;
	if ((e = amqp_count(w->amqp, w->dead, &w->count)) == OK)
		return true;
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "purse: there is no queue %s\n", w->dead);
	amqp_free(w->amqp);
	return false;
}

/* The next dead letter that matches; NULL at the end, or after an error message, with *status
 * FAILED. Messages that do not match stay unacknowledged, and so out of the way, until the
 * connection closes. */
static struct message *
walk_next(struct walk *w, int *status)
{
	struct message *m;

	for (; w->count > 0; w->count--) {
		if (amqp_get(w->amqp, w->dead, &m) != OK) {
			*status = FAILED;
			return NULL;
		}
		if (m == NULL)
			return NULL;
		if (is_asked(w, m)) {
			w->count--;
			w->matched++;
			return m;
		}
		message_free(m);
	}
	return NULL;
}

/* ---- list and show ---- */

/* The headers of a message that the broker dead-lettered are its sender's. */
static void
line_print(const struct message *m)
{
	char id[ID_TEXT], at[ID_TEXT], reason[LINE_TEXT];

	dead_id(m, id);
	text_print(m->dead_at != NULL ? m->dead_at : "-", at, sizeof(at));
	text_print(dead_reason(m), reason, sizeof(reason));
	printf("  %-36s  %-27s  %s\n", id, at, reason);
}

static int
list_queue(const char *queue)
{
	struct walk w;
	struct message *m;
	int status = DONE;

	if (!walk_begin(&w, queue))
		return FAILED;
	printf("%s: %u\n", w.dead, (unsigned)w.count);
	while (w.matched < LIST_MAX && (m = walk_next(&w, &status)) != NULL) {
		line_print(m);
		message_free(m);
	}
	if (w.count > 0 && status == DONE)
		printf("  ... and %u more\n", (unsigned)w.count);
	amqp_free(w.amqp);
	return status;
}

int
dead_list(int argc, char **argv)
{
	int status = DONE;

	if (argc > 1)
		return MISUSED;
	if (argc == 1)
		return list_queue(argv[0]);
	for (size_t i = 0; i < purse_topology.count; i++)
		if (list_queue(purse_topology.queues[i].name) != DONE)
			status = FAILED;
	return status;
}

static json_t *
text_or_null(const char *text)
{
	json_t *j = text == NULL ? NULL : json_string(text); /* also NULL if it is not UTF-8 */

	return j != NULL ? j : json_null();
}

/* Prints a line of JSON; a body that is not UTF-8 appears as hexadecimal digits. */
static void
message_print(const struct message *m)
{
	char id[ID_TEXT], *hex = NULL, *line;
	json_t *j = json_object(), *body = json_stringn(m->body, m->bytes);

	dead_id(m, id);
	json_object_set_new(j, "id", text_or_null(id));
	json_object_set_new(j, "reason", text_or_null(dead_reason(m)));
	json_object_set_new(j, "dead_at", text_or_null(m->dead_at));
	json_object_set_new(j, "message_id", text_or_null(m->message_id));
	json_object_set_new(j, "content_type", text_or_null(m->content_type));
	json_object_set_new(j, "type", text_or_null(m->type));
	json_object_set_new(j, "correlation_id", text_or_null(m->correlation_id));
	json_object_set_new(j, "reply_to", text_or_null(m->reply_to));
	if (body == NULL && (hex = malloc(2 * m->bytes + 1)) != NULL)
		body = json_string(sodium_bin2hex(hex, 2 * m->bytes + 1,
			(const unsigned char *)m->body, m->bytes));
	json_object_set_new(j, hex != NULL ? "body_hex" : "body", body);
	line = json_dumps(j, JSON_COMPACT);
	if (line != NULL && text_has_controls(line)) { /* a terminal could obey them */
		free(line);
		line = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
	}
	puts(line != NULL ? line : "purse: out of memory");
	free(line);
	free(hex);
	json_decref(j);
}

/* QUEUE [ID], or QUEUE -- ID for an id that looks like an option. NULL: no id. */
static const char *
id_argument(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--") == 0)
		return argv[2];
	return argc == 2 ? argv[1] : NULL;
}

int
dead_show(int argc, char **argv)
{
	const char *id = id_argument(argc, argv);
	struct walk w;
	struct message *m;
	int status = DONE;

	if (argc != 1 && id == NULL)
		return MISUSED;
	if (!walk_begin(&w, argv[0]))
		return FAILED;
	w.only_id = id;
	while (w.matched < SHOW_MAX && (m = walk_next(&w, &status)) != NULL) {
		message_print(m);
		message_free(m);
	}
	amqp_free(w.amqp);
	if (status == DONE && w.only_id != NULL && w.matched == 0) {
		fprintf(stderr, "purse: %s has no %s\n", w.dead, w.only_id);
		return FAILED;
	}
	return status;
}

/* ---- replay and drop ---- */

/* Publishes to the original queue, and only after the confirms removes from the dead-letter queue.
 * A crash in between duplicates messages, and consumers drop duplicates. */
static int
replay_batch(struct walk *w, struct message *const messages[], size_t count)
{
	struct outgoing out[REPLAY_BATCH];

	for (size_t i = 0; i < count; i++)
		out[i] = (struct outgoing){
			.exchange = "", .key = w->queue, .copy = messages[i], .mandatory = true
		};
	if (amqp_publish(w->amqp, out, count) != OK) {
		fprintf(stderr, "purse: %s did not accept the messages\n", w->queue);
		return FAILED;
	}
	for (size_t i = 0; i < count; i++)
		if (amqp_ack(w->amqp, messages[i]->tag, false) != OK)
			return FAILED;
	return DONE;
}

/* An acknowledgement is what removes a message from a queue. */
static int
drop_batch(struct walk *w, struct message *const messages[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (amqp_ack(w->amqp, messages[i]->tag, false) != OK)
			return FAILED;
	return DONE;
}

static int
replay_or_drop(int argc, char **argv, int (*work)(struct walk *, struct message *const[], size_t),
	const char *done)
{
	struct message *messages[REPLAY_BATCH];
	const char *id = id_argument(argc, argv);
	struct walk w;
	size_t n, total = 0;
	int status = DONE;

	if (id == NULL)
		return MISUSED;
	if (!walk_begin(&w, argv[0]))
		return FAILED;
	w.only_id = argc == 2 && strcmp(id, "--all") == 0 ? NULL : id;
	do {
		for (n = 0; n < REPLAY_BATCH && (messages[n] = walk_next(&w, &status)) != NULL; n++)
			;
		if (n > 0 && status == DONE && (status = work(&w, messages, n)) == DONE)
			total += n;
		for (size_t i = 0; i < n; i++)
			message_free(messages[i]);
	} while (n == REPLAY_BATCH && status == DONE);
	/* RabbitMQ does not reply to acknowledgements. It handles commands in order, so its reply
	 * to this one shows that it has read them. */
	if (total > 0 && amqp_count(w.amqp, w.dead, &w.count) != OK)
		status = FAILED;
	amqp_free(w.amqp);
	printf("%zu %s\n", total, done);
	if (status == DONE && total == 0 && w.only_id != NULL) {
		fprintf(stderr, "purse: %s has no %s\n", w.dead, w.only_id);
		return FAILED;
	}
	return status;
}

int
dead_replay(int argc, char **argv)
{
	return replay_or_drop(argc, argv, replay_batch, "replayed");
}

int
dead_drop(int argc, char **argv)
{
	return replay_or_drop(argc, argv, drop_batch, "dropped");
}
