/* relay.h - publishes the rows of a database as events, in commit order; see relay.c. */
#ifndef COMMON_OUTBOX_RELAY_H
#define COMMON_OUTBOX_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/amqp.h"
#include "common/base/arena.h"
#include "common/base/config.h"
#include "common/base/event_mac.h"
#include "common/base/uuid.h"
#include "common/db/db.h"

/* Builds the body of a row's event; NULL: invalid row, or out of memory. The body is malloc'd, and
 * the relay frees it. The arena is emptied before each row. */
typedef char *row_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes);

#define RELAY_STREAMS_MAX 2

/* What is read from a database under one cursor. The column `id` is the event's id, `xid` its
 * position in the order. */
struct stream {
	const char *cursor; /* its name in the database */
	const char *type;
	const struct db_statement *read; /* $1: the position, $2: the limit */
	bool mandatory;     /* one of our queues must be bound for it */
	row_body *body;
};

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
#define XID_TEXT 24 /* 20 digits of an xid8 and NUL, with room to spare */

/* A batch of rows: read, turned into bodies, published. */
struct batch {
	struct outgoing *out;
	char (*ids)[UUID_TEXT];
	char (*macs)[EVENT_MAC_TEXT];
	size_t count, capacity;
	char xid[XID_TEXT]; /* of the last row */
};

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
