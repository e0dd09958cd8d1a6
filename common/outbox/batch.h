/* batch.h - rows of a database, turned into events that can be published. */
#ifndef COMMON_OUTBOX_BATCH_H
#define COMMON_OUTBOX_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/amqp/amqp.h"
#include "common/base/arena.h"
#include "common/base/event_mac.h"
#include "common/base/uuid.h"
#include "common/db/db.h"

/* Builds the body of a row's event; NULL: invalid row, or out of memory. The body is malloc'd, and
 * batch_clear() frees it. The arena is emptied before each row. */
typedef char *row_body(const struct db_rows *rows, size_t row, struct arena *arena, size_t *bytes);

/* What is read from a database under one cursor. The column `id` is the event's id, `xid` its
 * position in the order. */
struct stream {
	const char *cursor; /* its name in the database */
	const char *type;
	const struct db_statement *read; /* $1: the position, $2: the limit */
	bool mandatory;     /* one of our queues must be bound for it */
	row_body *body;
};

#define XID_TEXT 24 /* 20 digits of an xid8 and NUL, with room to spare */

/* A batch of rows: read, turned into bodies, published. Zero-initialise it. */
struct batch {
	struct outgoing *out;
	char (*ids)[UUID_TEXT];
	char (*macs)[EVENT_MAC_TEXT];
	size_t count, capacity;
	char xid[XID_TEXT]; /* of the last row */
};

/* Adds all rows to an empty batch, as events for this exchange. */
enum error batch_fill(struct batch *b, const struct stream *stream, const char *exchange,
	const struct db_rows *rows, struct arena *arena) MUST_CHECK;
/* Empties it, but keeps the arrays for the next rows; frees the arrays. */
void batch_clear(struct batch *b);
void batch_free(struct batch *b);

#endif
