/* health.h - GET /health/SERVICE and below it /live and /alarms: is the service ready; is it alive;
 * what goes wrong in silence?
 *
 * All answer within a second, even if a database is down or hangs. Readiness and alarms each have a
 * thread that asks the database, once at a time, however many ask. */
#ifndef COMMON_HTTP_HEALTH_H
#define COMMON_HTTP_HEALTH_H

#include "common/base/text.h"
#include "common/http/reply.h"
#include "common/http/route.h"

/* Asks the database, and writes the response's JSON; writing nothing means {"status":"ok"}. It runs
 * in the checking thread, with that thread's arena, which jansson uses too. It needs its own
 * connection: those of the requests can all be waiting. */
typedef enum error health_check(struct arena *arena, struct text *body);

/* 200 with what the check wrote, or 503 if it fails or does not end in time. Every call in a
 * process has to pass the same check. That of readiness reads something of each kind that requests
 * need. */
struct reply *health_ready(struct request *r, health_check *check);
struct reply *health_alarms(struct request *r, health_check *check);
/* The handler of /health/SERVICE/live: 200 {"status":"ok"}. It has no thread of its own, because
 * tools/watch restarts a handler whose threads all hang. */
handler health_live_get;

/* At the end of the program. False: a check still waits for its database, so the program must not
 * run its exit handlers. */
bool health_stop(void) MUST_CHECK;

#endif
