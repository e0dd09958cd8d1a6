/* uuid.h - RFC 9562 UUIDs: makes version 7 (time-ordered), reads any version. */
#ifndef COMMON_BASE_UUID_H
#define COMMON_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

#define UUID_TEXT 37 /* 36 characters and NUL */

struct uuid {
	uint8_t bytes[16];
};

/* A new version 7 UUID: 48 bits of milliseconds, then 12 bits of sub-millisecond time (RFC 9562,
 * 6.2, method 3), then randomness. Ids of the same microsecond have no order. */
struct uuid uuid_v7(void);
/* Reads the canonical form in either case; false if it is invalid. */
bool uuid_parse(const char *text, struct uuid *u) MUST_CHECK;
/* Writes the canonical form in lower case. */
void uuid_format(const struct uuid *u, char out[UUID_TEXT]);

#endif
