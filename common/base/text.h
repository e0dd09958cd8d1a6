/* text.h - text that grows: where answers, events, pages and files are written before they go out.
 *
 * Begin with zeroes (and `most`, where there is a limit). What does not fit sets `failed` once and
 * for all, so one check at the end is enough. One thread's. */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

struct text {
	char *data;   /* not ended by NUL, but for text_end() */
	size_t bytes, room;
	size_t most;  /* 0: none */
	bool failed;  /* no memory, or past `most` */
};

void text_add(struct text *t, const char *data, size_t bytes);
void text_add_string(struct text *t, const char *s);
void text_add_number(struct text *t, int64_t n);
/* As a JSON string (RFC 8259, 7), quotes and all; NULL is null. s is UTF-8. Building a tree of
 * values first, and writing that, takes ten times as long. */
void text_add_json(struct text *t, const char *s);
/* A tree of values as compact JSON; a NULL tree (no memory to build it) sets `failed`. Borrows the
 * tree. */
void text_add_value(struct text *t, const json_t *value);
/* A UUID (NULL is null), an instant in RFC 3339, as JSON strings. */
void text_add_uuid(struct text *t, const struct uuid *u);
void text_add_instant(struct text *t, instant_us at);
/* A NUL behind it (not counted); NULL where it failed. */
const char *text_end(struct text *t);
/* Empties it; keeps the memory. */
void text_clear(struct text *t);
void text_free(struct text *t);

#define TEXT_LITERAL(t, literal) text_add(t, literal, sizeof(literal) - 1)
/* A member of an object but its first: ,"name":"value". `name` is a literal. */
#define TEXT_MEMBER(t, name, value) (TEXT_LITERAL(t, ",\"" name "\":"), text_add_json(t, value))
#define TEXT(name) __attribute__((cleanup(text_free))) struct text name = { 0 }

#endif
