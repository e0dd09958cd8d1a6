/* consumer.h - a program that consumes a queue in batches until SIGTERM or, with --drain, until the
 * queue is empty.
 *
 * A batch waits for its first message only and adds what has already arrived: no timer delays
 * anything. handle() turns it into one database transaction. After the commit, dead letters and
 * replies are published with confirms; then the batch is acknowledged. So a kill at any moment
 * loses nothing: unacknowledged messages are redelivered, and handle() must be idempotent. Dead
 * letters are published until they arrive, and answered too. Replies are sent once and dropped if
 * their queue refuses or does not confirm them: the requester can ask again.
 *
 * While the database is unavailable, the batch is kept unacknowledged and retried with backoff,
 * which does not count against the delivery limit. A batch that fails for another reason is retried
 * message by message. Those that succeed are acknowledged. The others are tried again, and
 * dead-lettered after CONSUMER_TRIES failures, or CONSUMER_SLOW_TRIES if each took too long.
 *
 * handle() must return within HANDLE_TIME. If it does not, the process ends, and a message that it
 * was handling alone is dead-lettered first (consumer_watch.c). Messages that were delivered before
 * are handled before any others are prefetched: in small batches if they came back once, and alone
 * if they came back again. So a message that ends the process again and again reaches
 * DELIVERY_LIMIT alone, and is then dead-lettered.
 *
 * consumer_main() calls all functions of a consumer on the main thread, one at a time. So they
 * share the service without locks. */
#ifndef COMMON_AMQP_CONSUMER_H
#define COMMON_AMQP_CONSUMER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/amqp/amqp.h"
#include "common/base/backoff.h"
#include "common/base/config.h"
#include "common/base/error.h"

#define CONSUMER_TRIES 3
#define CONSUMER_SLOW_TRIES 8
#define CONSUMER_BATCH_MAX 512

/* A message that handle() works on. Its marks and its reply are cleared before each call. */
struct delivery {
	const struct message *message;
	char *dead;        /* private: why it can never be handled, "code: sentence" */
	char *reply;       /* private: JSON for reply_to */
	enum error later;  /* private: why it could not be handled this time, or OK */
	int tries;         /* private: how often that counted */
};

/* Marks a delivery as a dead letter with a reason. handle() then skips it and continues with the
 * others. */
void delivery_dead(struct delivery *d, enum error e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Marks a delivery that could not be handled this time, while the others could. It is tried again;
 * ERR_UNAVAILABLE does not count as a failure. */
void delivery_later(struct delivery *d, enum error e);
/* Takes ownership of a malloc'd JSON text as the reply. Dropped if the message has no reply_to;
 * NULL is ignored. */
void delivery_reply(struct delivery *d, char *json);

struct consumer {
	const char *name;   /* the program's name */
	const char *queue;
	const struct amqp_topology *topology;
	size_t batch;       /* maximum messages per call of handle(), 1 … CONSUMER_BATCH_MAX */
	/* Opens what handle() needs, without I/O that can fail temporarily. NULL, after a sentence
	 * on stderr, ends the program. */
	void *(*start)(void);
	void (*stop)(void *service);
	/* Handles a batch and commits. `again`: it may already have been committed (the outcome was
	 * lost, or this is a retry). OK: every delivery is done, except those marked dead.
	 * ERR_UNAVAILABLE or ERR_OVERLOADED: the outcome is unknown; the same batch is retried. Any
	 * other error: it cannot be done; the deliveries are retried one by one. */
	enum error (*handle)(void *service, struct delivery deliveries[], size_t count, bool again);
	/* Optional: JSON for the reply_to of a dead letter, given why it is one, "code: sentence".
	 * NULL: no reply. */
	char *(*dead_reply)(const struct message *m, const char *reason);
	/* Optional: called between batches, and every second while idle, for maintenance. */
	void (*tick)(void *service);
	/* Optional: called after this queue, or an exchange that leads to it, was found deleted and
	 * was declared again. */
	void (*lost)(void *service, const char *name);
	/* Optional: with --drain, called once the queue is empty, before stop(): finishes
	 * background work. */
	void (*drained)(void *service);
};

/* The whole program: configuration, signals, --drain. Returns main's exit status. */
int consumer_main(int argc, char **argv, const struct consumer *c);

/* ---- for programs with their own loop (the relay) ---- */

/* program_start() for a program that needs a broker: the option `url`, or else AMQP_URL. */
bool consumer_start(int argc, char **argv, const char *name, enum option url, bool *drain,
	int *status) MUST_CHECK;
/* amqp_new() with the address in that option, or else in AMQP_URL. */
struct amqp *consumer_amqp(enum option url, const struct amqp_topology *topology);
/* Connects, retrying forever with backoff; false: stopping, or --drain timed out. */
bool consumer_connect(struct amqp *a) MUST_CHECK;

#endif
