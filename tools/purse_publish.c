/* purse_publish.c - `purse publish`: publishes to a queue, or to purse.in, and reports once the
 * broker confirms. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/event.h"
#include "consumers/topology.h"
#include "tools/purse.h"
#include "tools/purse_amqp.h"

#define LINES_BATCH 512

struct amqp *
purse_amqp_open(void)
{
	struct amqp *a;

	if (!config_require(OPT_AMQP_URL) ||
		(a = amqp_new(config_text(OPT_AMQP_URL), &purse_topology)) == NULL)
		return NULL;
	if (amqp_connect(a) == OK)
		return a;
	fprintf(stderr, "purse: check AMQP_URL, and whether RabbitMQ runs\n");
	amqp_free(a);
	return NULL;
}

struct publish_options {
	const char *queue;
	struct outgoing message;
	bool lines; /* each line of the input is a message */
};

/* Options, then QUEUE. */
static bool
options_read(struct publish_options *w, int argc, char **argv)
{
	*w = (struct publish_options){ 0 };
	for (int i = 0; i < argc; i++) {
		const char **text = NULL;

		if (strcmp(argv[i], "--lines") == 0)
			w->lines = true;
		else if (strcmp(argv[i], "--message-id") == 0)
			text = &w->message.message_id;
		else if (strcmp(argv[i], "--correlation-id") == 0)
			text = &w->message.correlation_id;
		else if (strcmp(argv[i], "--reply-to") == 0)
			text = &w->message.reply_to;
		else if (argv[i][0] == '-' || w->queue != NULL)
			return false;
		else
			w->queue = argv[i];
		if (text != NULL && (*text = argv[++i]) == NULL)
			return false;
	}
	return w->queue != NULL;
}

/* A guess that only labels the message: consumers look at the body. */
static const char *
content_type_of(const char *body)
{
	return strstr(body, "\"specversion\"") != NULL ? EVENT_CONTENT_TYPE : "application/json";
}

static int
send_all(struct amqp *a, const char *queue, struct outgoing *messages, size_t count)
{
	if (amqp_publish(a, messages, count) == OK)
		return DONE;
	fprintf(stderr, "purse: %s did not accept every message\n", queue);
	return FAILED;
}

static int
publish_whole(struct amqp *a, struct publish_options *w)
{
	char *body = malloc(AMQP_BODY_MAX + 2);
	size_t n = body == NULL ? 0 : fread(body, 1, AMQP_BODY_MAX + 1, stdin);
	int status = FAILED;

	if (body == NULL || ferror(stdin) != 0 || n > AMQP_BODY_MAX) {
		fprintf(stderr, "purse: cannot read the input, or it is larger than %zu bytes\n",
			AMQP_BODY_MAX);
	} else if (n == 0) {
		fprintf(stderr, "purse: the input is empty\n");
	} else {
		body[n] = '\0';
		w->message.body = body;
		w->message.bytes = n;
		w->message.content_type = content_type_of(body);
		status = send_all(a, w->queue, &w->message, 1);
	}
	free(body);
	if (status == DONE)
		printf("1 published\n");
	return status;
}

/* Publishes in batches, because each wait for confirms takes a round trip. Skips empty lines. A
 * batch that is refused ends the run; the count says how far it came. */
static int
publish_lines(struct amqp *a, const struct publish_options *w)
{
	struct outgoing *batch = calloc(LINES_BATCH, sizeof(*batch));
	size_t n = 0, room, total = 0;
	int status = batch == NULL ? FAILED : DONE;
	ssize_t length;
	bool more = true;

	while (more && status == DONE) {
		char *line = NULL;

		room = 0;
		length = getline(&line, &room, stdin);
		more = length >= 0;
		if (length > 0 && line[length - 1] == '\n')
			line[--length] = '\0';
		if (length > 0) {
			batch[n] = w->message;
			batch[n].body = line;
			batch[n].bytes = (size_t)length;
			batch[n++].content_type = content_type_of(line);
		} else {
			free(line);
		}
		if (n < LINES_BATCH && more)
			continue;
		status = send_all(a, w->queue, batch, n);
		total += status == DONE ? n : 0;
		while (n > 0)
			free((void *)batch[--n].body);
	}
	free(batch);
	printf("%zu published\n", total);
	return status;
}

int
publish(int argc, char **argv)
{
	struct publish_options w;
	struct amqp *a;
	int status;

	if (!options_read(&w, argc, argv))
		return MISUSED;
	if ((a = purse_amqp_open()) == NULL)
		return FAILED;
	/* The exchange takes any key. */
	w.message.exchange = strcmp(w.queue, purse_topology.door) == 0 ? w.queue : "";
	w.message.key = w.queue;
	w.message.mandatory = true;
	status = w.lines ? publish_lines(a, &w) : publish_whole(a, &w);
	amqp_free(a);
	return status;
}
