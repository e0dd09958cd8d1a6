/* event.h - event envelopes: CloudEvents 1.0 in structured JSON, and NestJS's {pattern,data}.
 *
 * We write both at once (the extension attribute `pattern` equals `type`) and read either or both.
 * These are pure functions: they know neither AMQP nor what the data mean. */
#ifndef COMMON_BASE_EVENT_H
#define COMMON_BASE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/error.h"

#define EVENT_CONTENT_TYPE "application/cloudevents+json"
#define EVENT_REASON 256 /* room for a sentence */

/* An event as received. `root` owns everything; event_free() frees it. Absent text is NULL. */
struct event {
	json_t *root;
	const json_t *data;  /* the member `data`; without an envelope, the whole body */
	const char *type;    /* `type`, or else `pattern` (a string, or {"cmd":string}) */
	const char *id;      /* from CloudEvents; a bare body has none */
	const char *source;
	const char *subject;
	bool enveloped;      /* false: a bare body; only `data` is set */
	const char *text;    /* the body, borrowed: for event_number() and event_data_text() */
	size_t bytes;
};

/* Reads a body, which must be an object. It is an envelope if it has a `specversion` (1.x only;
 * then it must be a CloudEvents event with JSON data), or a `type` or `pattern` next to `data`.
 * Otherwise returns an error of json_read(), or ERR_INVALID_REQUEST, with the reason as part of a
 * sentence. */
enum error event_read(const char *body, size_t bytes, struct event *e,
	char reason[EVENT_REASON]) MUST_CHECK;
/* Whether a media type is JSON in UTF-8: application/json, or one that ends with +json. */
bool event_is_json(const char *media_type) MUST_CHECK;
/* Also safe after a failed event_read(). */
void event_free(struct event *e);

/* Copies a number of the body digit for digit as it was sent (jansson would keep only a double).
 * `path` names the members from the root down and ends with NULL. Returns false if there is no
 * number, or if it is longer than room-1 characters. */
bool event_number(const struct event *e, const char *const *path, char *out,
	size_t room) MUST_CHECK;

/* The text of the data as it was sent, within the body: passing it on keeps its numbers
 * unchanged. */
const char *event_data_text(const struct event *e, size_t *bytes);

/* An event to write. */
struct event_head {
	const char *id, *source, *type;
	const char *subject; /* NULL: none */
	instant_us time;
};

/* {"specversion":"1.0","id",…,"type","pattern","time","datacontenttype","subject","data"} as
 * compact JSON. Takes ownership of `data`. The caller frees the result; NULL: out of memory (or
 * data is NULL). */
char *event_write(const struct event_head *head, json_t *data, size_t *bytes) MUST_CHECK;
/* The same for data that are already JSON text. */
char *event_wrap(const struct event_head *head, const char *data, size_t data_bytes,
	size_t *bytes) MUST_CHECK;

#endif
