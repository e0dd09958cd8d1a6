/* text.h - a growable text buffer for responses, events, pages and files.
 *
 * Zero-initialise (and set the limit, if any). Text that does not fit sets `failed` until
 * text_clear(), so one check at the end is enough. A buffer belongs to one thread. */
#ifndef COMMON_BASE_TEXT_H
#define COMMON_BASE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

struct text {
	char *data;   /* NUL-terminated only after text_end() */
	size_t bytes, capacity;
	size_t max;   /* 0: no limit */
	bool failed;  /* out of memory, or past the limit */
};

/* Add bytes, a string without its NUL, a decimal number. */
void text_add(struct text *t, const char *data, size_t bytes);
void text_add_string(struct text *t, const char *s);
void text_add_number(struct text *t, int64_t n);
/* Adds a JSON string (RFC 8259, 7) with its quotes; NULL becomes null. `s` is UTF-8. Building and
 * writing a tree of values takes ten times as long. */
void text_add_json(struct text *t, const char *s);
/* Adds a tree of values as compact JSON; a NULL tree (out of memory while building it) sets
 * `failed`. Borrows the tree. */
void text_add_value(struct text *t, const json_t *value);
/* Add JSON strings: a UUID (NULL becomes null), an instant in RFC 3339. */
void text_add_uuid(struct text *t, const struct uuid *u);
void text_add_instant(struct text *t, instant_us at);
/* Adds a NUL (not counted) and returns the text; NULL if it failed. The text belongs
 * to the buffer. */
const char *text_end(struct text *t);
/* Empties the buffer; keeps its memory. */
void text_clear(struct text *t);
/* Frees the memory, keeps the limit. */
void text_free(struct text *t);

#define TEXT_LITERAL(t, literal) text_add(t, literal, sizeof(literal) - 1)
/* A member other than an object's first: ,"name":"value". `name` is a literal. */
#define TEXT_MEMBER(t, name, value) (TEXT_LITERAL(t, ",\"" name "\":"), text_add_json(t, value))
/* A buffer without a limit, freed at the end of its scope. */
#define TEXT(name) __attribute__((cleanup(text_free))) struct text name = { 0 }

#endif
