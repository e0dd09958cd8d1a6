/* relay.h - publishes the rows of a database as events, in commit order; see relay.c. */
#ifndef COMMON_OUTBOX_RELAY_H
#define COMMON_OUTBOX_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/amqp.h"
#include "common/base/arena.h"
#include "common/base/config.h"
#include "common/db/db.h"
#include "common/outbox/batch.h"

#define RELAY_STREAMS_MAX 2

struct source {
	const char *name;
	const struct amqp_topology *topology; /* its exchange receives the events */
	enum option url;
	struct stream streams[RELAY_STREAMS_MAX];
	size_t stream_count;
	bool has_standby; /* RELAY_STANDBY applies */
};

/* Batches in flight. Measured: 1 gives 17,000 events/s; 4 or more give 30,000, RabbitMQ's limit. */
#define RELAY_RING 8

/* Belongs to the relay's thread until that ends. */
struct relay {
	const struct source *source;
	struct db *db;
	struct amqp *amqp;
	struct arena *arena; /* for the body being built */
	struct batch ring[RELAY_RING];
	size_t oldest, in_flight; /* in the ring */
	char position[RELAY_STREAMS_MAX][XID_TEXT]; /* read up to here */
	int64_t backend;     /* the backend that holds our lock; 0: none */
	int64_t checked_ms;
	uint64_t published;
	bool drain;
	bool failed;         /* with --drain: a server was unavailable */
};

/* After event_mac_load(): open a relay, run relay_thread(relay) in a thread until SIGTERM (or, with
 * `drain`, until nothing is new), then close it. */
bool relay_open(struct relay *r, const struct source *source, bool drain) MUST_CHECK;
void *relay_thread(void *relay);
void relay_close(struct relay *r);

#endif
