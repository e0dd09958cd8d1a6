/* relay.h - publishes the rows of a database as events, in the order in which they were committed;
 * see relay.c. */
#ifndef COMMON_OUTBOX_RELAY_H
#define COMMON_OUTBOX_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/amqp.h"
#include "common/base/arena.h"
#include "common/base/config.h"
#include "common/base/uuid.h"
#include "common/db/db.h"

/* The body of a row's event, and its id; NULL: the row is not understood, or no memory. */
typedef char *row_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes);

#define RELAY_STREAMS_MAX 2

/* What is read from a database under one cursor. The column `id` is the event's id, `xid` its place
 * in the order. */
struct stream {
	const char *cursor; /* its name in the database */
	const char *type;
	const struct db_statement *read; /* $1 the position, $2 how many */
	bool mandatory;     /* a queue of ours must take it */
	row_body *body;
};

struct source {
	const char *name;
	const struct amqp_topology *topology; /* its exchange takes the events */
	enum option url;
	struct stream streams[RELAY_STREAMS_MAX];
	size_t stream_count;
};

/* Batches under way. Measured: 1 gives 17,000 events/s, 4 and more 30,000, where RabbitMQ is at its
 * limit. */
#define RELAY_RING 8
#define XID_TEXT 24

/* Rows on their way: read, put into bodies, published. */
struct batch {
	struct outgoing *out;
	char (*ids)[UUID_TEXT];
	size_t count, room;
	char xid[XID_TEXT]; /* of the last row */
};

struct relay {
	const struct source *source;
	struct db *db;
	struct amqp *amqp;
	struct arena *arena; /* of the body being made */
	struct batch ring[RELAY_RING];
	size_t oldest, underway; /* in the ring */
	char position[RELAY_STREAMS_MAX][XID_TEXT]; /* read up to here */
	int64_t backend;     /* the process that holds our lock; 0: none */
	int64_t checked_ms;
	uint64_t published;
	bool drain;
	bool failed;         /* with --drain: something was away */
};

/* A relay is opened, run by a thread as relay_thread(relay) until SIGTERM (or, draining, until
 * nothing is new), and closed. */
bool relay_open(struct relay *r, const struct source *source, bool drain) MUST_CHECK;
void *relay_thread(void *relay);
void relay_close(struct relay *r);

#endif
