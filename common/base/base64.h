/* base64.h - reads base64url without padding (RFC 4648, 5), in which tokens, their parts and
 * cursors are written. */
#ifndef COMMON_BASE_BASE64_H
#define COMMON_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* Decodes `bytes` characters into at most `room` bytes; sets *count. False unless they are the one
 * way to write those bytes: no padding, no other characters, no stray bits at the end. */
bool base64_read(const char *text, size_t bytes, void *out, size_t room, size_t *count) MUST_CHECK;

#endif
