/* event.h - the envelopes of events: CloudEvents 1.0 in structured JSON, and NestJS's
 * {pattern,data}.
 *
 * What we write is both at once (the extension attribute `pattern` equals `type`). What we read is
 * either, or both. Pure functions: nothing here knows AMQP or what the data mean. */
#ifndef COMMON_BASE_EVENT_H
#define COMMON_BASE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/error.h"

#define EVENT_CONTENT_TYPE "application/cloudevents+json"
#define EVENT_REASON 256 /* room for a sentence */

/* An event as it came. Everything belongs to `root`: event_free() ends it. Text is NULL where it is
 * absent. */
struct event {
	json_t *root;
	const json_t *data;  /* the member `data`; the whole body where there is no envelope */
	const char *type;    /* type, else pattern (a text, or {"cmd":text}) */
	const char *id;      /* of CloudEvents; never of a bare body */
	const char *source;
	const char *subject;
	bool enveloped;      /* false: a bare body, of which only data is filled in */
	const char *
		text; /* the body it was read from, borrowed: see event_number(), event_data_text() */
	size_t bytes;
};

/* Reads a body. An object is needed; with a `specversion` (1.x only), `type` or `pattern` beside
 * `data` it is an envelope. Otherwise an error of json_read(), or ERR_INVALID_REQUEST, with the
 * reason as part of a sentence. */
enum error event_read(
	const char *body, size_t bytes, struct event *e, char reason[EVENT_REASON]) MUST_CHECK;
void event_free(struct event *e);

/* The text of a number in the body, digit for digit as it was sent (jansson keeps doubles only):
 * path names the members from the body's root on, and ends with NULL. False where there is no
 * number, or none of up to `room`-1 characters. */
bool event_number(
	const struct event *e, const char *const *path, char *out, size_t room) MUST_CHECK;

/* The text of the data as it was sent, within the body; for passing it on without a change to its
 * numbers. */
const char *event_data_text(const struct event *e, size_t *bytes);

/* An event to write. */
struct event_head {
	const char *id, *source, *type;
	const char *subject; /* NULL: none */
	instant_us time;
};

/* {"specversion":"1.0","id",…,"type","pattern","time","datacontenttype","subject","data"} as
 * compact JSON. Takes over `data`. Caller frees; NULL: no memory (or data NULL). */
char *event_write(const struct event_head *head, json_t *data, size_t *bytes) MUST_CHECK;
/* The same around data that are JSON text already. */
char *event_wrap(const struct event_head *head, const char *data, size_t data_bytes,
	size_t *bytes) MUST_CHECK;

#endif
