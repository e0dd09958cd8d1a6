/* uuid.h - RFC 9562 UUIDs: version 7 (time-ordered) made here, any version read. */
#ifndef COMMON_BASE_UUID_H
#define COMMON_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

#define UUID_TEXT 37 /* 36 characters and NUL */

struct uuid {
	uint8_t bytes[16];
};

/* A new version 7 UUID: 48 bits of milliseconds, then 12 bits of sub-millisecond time (RFC
 * 9562, 6.2, method 3), then randomness. */
struct uuid uuid_v7(void);
/* Reads the canonical form, either case; false if it is none. */
bool uuid_parse(const char *text, struct uuid *u) MUST_CHECK;
/* Lower-case canonical form. */
void uuid_format(const struct uuid *u, char out[UUID_TEXT]);

#endif
