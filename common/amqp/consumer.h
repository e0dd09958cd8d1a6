/* consumer.h - the program that takes messages from a queue by batches, until SIGTERM or, with
 * --drain, until none is left.
 *
 * The first message is waited for, the rest of a batch is what has arrived already: no timer delays
 * anything. A batch goes to handle(), which makes it one database transaction. Only after that has
 * committed are dead letters and answers published (with confirms), and only after those is the
 * batch acknowledged. So a kill at any moment loses nothing: what was not acknowledged comes again,
 * and handle() must be idempotent. Dead letters are published until they arrive; answers once, and
 * given up where their queue refuses them or is silent: who asked can ask again.
 *
 * While the database is away the batch is kept, unacknowledged, and tried again with pauses; the
 * delivery limit is not used up by that. A batch that fails for another reason is tried message by
 * message, and a message that fails alone CONSUMER_TRIES times is dead-lettered. */
#ifndef COMMON_AMQP_CONSUMER_H
#define COMMON_AMQP_CONSUMER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/amqp/amqp.h"
#include "common/base/backoff.h"
#include "common/base/error.h"

#define CONSUMER_TRIES 3
#define CONSUMER_BATCH_MAX 512

/* A message in the hands of handle(). What handle() says about it is forgotten before each call. */
struct delivery {
	const struct message *message;
	char *dead;        /* private: why it can never be handled, "code: sentence" */
	char *reply;       /* private: JSON for the one who set reply_to */
};

/* Marks a delivery as a dead letter, with its reason. handle() then leaves it alone and goes on
 * with the others. */
void delivery_dead(struct delivery *d, enum error e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes over a malloc'd JSON text as the answer; ignored where the message has no reply_to. NULL is
 * ignored. */
void delivery_reply(struct delivery *d, char *json);

struct consumer {
	const char *name;   /* of the program */
	const char *queue;
	const struct amqp_topology *topology;
	size_t batch;       /* most messages in one call of handle(), 1 … CONSUMER_BATCH_MAX */
	/* Opens what handle() needs, without I/O that may fail for a while; NULL after a sentence
	 * on stderr ends the program. */
	void *(*start)(void);
	void (*stop)(void *service);
	/* Handles a batch and commits. `again`: it may have been committed before (the answer was
	 * lost, or it fails a second time). OK: every delivery is done, but those marked dead.
	 * ERR_UNAVAILABLE or ERR_OVERLOADED: nothing is known, the same batch comes again. Anything
	 * else: it cannot be done; the deliveries come again one by one. */
	enum error (*handle)(void *service, struct delivery deliveries[], size_t count, bool again);
	/* Optional: called between batches, and every second while idle, for upkeep. */
	void (*tick)(void *service);
	/* Optional: called before stop(), with --drain only, once the queue is empty: finish what
	 * goes on beside. */
	void (*drained)(void *service);
};

/* The whole program: configuration, signals, --drain. Answers main's exit status. */
int consumer_main(int argc, char **argv, const struct consumer *c);

/* ---- for programs with a loop of their own (the relay) ---- */

/* program_begin() of a program that needs AMQP_URL. */
bool consumer_begin(int argc, char **argv, const char *name, bool *drain, int *status) MUST_CHECK;
/* Connects, for ever, with pauses; false: stopping. */
bool consumer_connect(struct amqp *a) MUST_CHECK;

#endif
