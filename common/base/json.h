/* json.h - reads JSON that comes from outside: bodies of requests, messages and tokens all go
 * through json_read().
 *
 * Refused on top of what is not JSON (RFC 8259): a NUL byte anywhere (jansson lets one stand after
 * a number), duplicate members, nesting past JSON_DEPTH_MAX (the parser recurses), text after the
 * value, U+0000 in strings (PostgreSQL cannot store it), numbers that fit neither 64 bits nor a
 * double. */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/error.h"

#define JSON_DEPTH_MAX 32
#define JSON_REASON 200 /* room for why a text was refused */

/* Reads any value; the caller owns it. Without a value, and with the reason as part of a sentence:
 * ERR_MALFORMED_JSON; ERR_INVALID_REQUEST where it is JSON but holds what we do not take;
 * ERR_TOO_LARGE where memory (or the thread's arena, see arena_enter()) ran out. */
enum error json_read(
	const char *text, size_t bytes, json_t **value, char reason[JSON_REASON]) MUST_CHECK;

#endif
