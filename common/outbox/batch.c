/* batch.c - turns rows into events; see batch.h. */
#include "common/outbox/batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/event.h"
#include "common/base/log.h"

void
batch_clear(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free((void *)b->out[i].body);
	b->count = 0;
}

void
batch_free(struct batch *b)
{
	batch_clear(b);
	free(b->out);
	free(b->ids);
	free(b->macs);
}

static bool
batch_reserve(struct batch *b, size_t count)
{
	struct outgoing *out;
	char(*ids)[UUID_TEXT];
	char(*macs)[EVENT_MAC_TEXT];

	if (count <= b->capacity)
		return true;
	if ((out = realloc(b->out, count * sizeof(*out))) != NULL)
		b->out = out;
	if ((ids = realloc(b->ids, count * sizeof(*ids))) != NULL)
		b->ids = ids;
	if ((macs = realloc(b->macs, count * sizeof(*macs))) != NULL)
		b->macs = macs;
	if (out == NULL || ids == NULL || macs == NULL)
		return false;
	b->capacity = count;
	return true;
}

/* Columns that every row has, whatever its event. */
struct place {
	const char *id, *xid;
};
static const struct db_column place_columns[] = {
	DB_COLUMN(BORROWED, "id", struct place, id),
	DB_COLUMN(BORROWED, "xid", struct place, xid),
};

/* The row's id is the message's id, so consumers recognize a duplicate. */
static enum error
batch_add(struct batch *b, const struct stream *stream, const char *exchange,
	const struct db_rows *rows, size_t row, struct arena *arena)
{
	size_t i = b->count, bytes = 0;
	struct place place;
	enum error e = rows_read(rows, row, DB_COLUMNS(place_columns), NULL, &place);
	char *body;

	if (e != OK)
		return e;
	arena_reset(arena);
	if ((body = stream->body(rows, row, arena, &bytes)) == NULL) {
		log_error("cannot build an event from row %s of %s", place.id, stream->cursor);
		return ERR_INTERNAL;
	}
	(void)snprintf(b->ids[i], UUID_TEXT, "%s", place.id);
	(void)snprintf(b->xid, sizeof(b->xid), "%s", place.xid);
	event_mac_write(body, bytes, b->macs[i]);
	b->out[i] = (struct outgoing){ .exchange = exchange,
		.key = stream->type,
		.body = body,
		.bytes = bytes,
		.content_type = EVENT_CONTENT_TYPE,
		.type = stream->type,
		.message_id = b->ids[i],
		.mac = b->macs[i],
		.mandatory = stream->mandatory };
	b->count++;
	return OK;
}

enum error
batch_fill(struct batch *b, const struct stream *stream, const char *exchange,
	const struct db_rows *rows, struct arena *arena)
{
	size_t n = rows_count(rows);
	enum error e = OK;

	if (!batch_reserve(b, n))
		return ERR_OVERLOADED;
	for (size_t row = 0; e == OK && row < n; row++)
		e = batch_add(b, stream, exchange, rows, row, arena);
	return e;
}
