/* json_text.h - finds values in JSON text, and keeps its numbers as they were sent: jansson reads
 * a number with a fraction or exponent as a double, which has another spelling.
 *
 * The text must have been parsed before. On any other text, what is found is undefined, but within
 * the text. */
#ifndef COMMON_BASE_JSON_TEXT_H
#define COMMON_BASE_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* A piece of text; borrowed. Empty if there is no such value. */
struct json_text {
	const char *at, *end;
};

/* A value, and the text that it was read from. Both are borrowed. */
struct json_sent {
	const json_t *value;
	struct json_text text;
};

/* The value at the start of the text, without the white space around it. */
struct json_text json_text_value(struct json_text t);
/* The value of an object's member. */
struct json_text json_text_member(struct json_text object, const char *name);
/* The first element of an array, and the one after `element`. */
struct json_text json_text_first(struct json_text array);
struct json_text json_text_next(struct json_text array, struct json_text element);

/* Copies a number digit for digit. False if the text is not a number, or longer than room-1. */
bool json_text_number(struct json_text t, char *out, size_t room) MUST_CHECK;

/* Writes a value as compact JSON, but each number as it was sent. Returns the length, without a
 * NUL; 0 if that is more than `room`, which is at most JSON_SENT_MAX. */
#define JSON_SENT_MAX 4096
size_t json_sent_write(const struct json_sent *sent, char *out, size_t room) MUST_CHECK;

#endif
