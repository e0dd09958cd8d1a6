/* clock.h - the only place that reads the clock, so that tests can set it.
 *
 * Instants are microseconds since 1970-01-01T00:00:00Z in an int64_t: PostgreSQL's resolution.
 * Outside the program they are RFC 3339. */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/base/error.h"

typedef int64_t instant_us;

#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)
#define INSTANT_LAST INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */
#define INSTANT_TEXT 28 /* "2026-11-23T05:08:36.123456Z" and NUL */

/* The wall clock, which can jump when it is set: for what is stored and shown. */
instant_us clock_now(void);
/* Never goes back; for waits and timeouts only. */
int64_t clock_monotonic_ms(void);
/* That clock's time in `ms` from now, for pthread_cond_timedwait() with CLOCK_MONOTONIC. */
struct timespec clock_deadline(int64_t ms);
/* Sleeps; a signal that this thread catches can end it early. */
void clock_sleep_ms(int64_t ms);
/* For tests: clock_now() returns `t` from now on; 0 restores the real clock. */
void clock_fix(instant_us t);

/* Writes RFC 3339 in UTC with microseconds. */
void instant_format(instant_us t, char out[INSTANT_TEXT]);
/* Reads an RFC 3339 instant (any offset, 0 to 9 fraction digits; years 1970 to 9999). Returns false
 * if it is invalid. */
bool instant_parse(const char *text, instant_us *t) MUST_CHECK;
/* Whether it is one, of any year. */
bool instant_is_valid(const char *text) MUST_CHECK;
/* Reads a plain date, YYYY-MM-DD, as its first instant in UTC. */
bool date_parse(const char *text, instant_us *t) MUST_CHECK;
/* Reads either form as an edge of a half-open period. A plain date means the whole day: its start
 * at the start of the period, its end at the end (never past INSTANT_LAST). Digits below a
 * microsecond make the period longer, never shorter. */
bool moment_parse(const char *text, bool is_end, instant_us *t) MUST_CHECK;

#endif
