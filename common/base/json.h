/* json.h - reads JSON: request bodies, messages, tokens, and what Purse stored as text.
 *
 * In addition to invalid JSON (RFC 8259), it refuses: a NUL byte anywhere (jansson accepts one
 * after a number), duplicate members, nesting past JSON_DEPTH_MAX (the parser recurses), text after
 * the value, U+0000 in strings (PostgreSQL cannot store it), and numbers that fit neither 64 bits
 * nor a double. */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/error.h"

#define JSON_DEPTH_MAX 32
#define JSON_REASON 200 /* room for the reason for a refusal */

/* Reads any value; the caller owns it. On an error there is no value, and `reason` is part of a
 * sentence. ERR_MALFORMED_JSON: not JSON. ERR_INVALID_REQUEST: JSON with a value that we do not
 * accept. ERR_TOO_LARGE: memory (or the thread's arena, see arena_enter()) ran out. */
enum error json_read(const char *text, size_t bytes, json_t **value,
	char reason[JSON_REASON]) MUST_CHECK;

/* Reads JSON that Purse wrote, such as a column. NULL if memory (or the thread's arena) ran out;
 * if it is invalid, it also logs why. */
json_t *json_read_stored(const char *text, size_t bytes) MUST_CHECK;

#endif
