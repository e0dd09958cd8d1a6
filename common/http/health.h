/* health.h - GET /health/SERVICE and GET /health/SERVICE/live: is the service ready; is it alive?
 *
 * Both answer within a second, even if a database is down or hangs. Readiness is checked in a
 * thread of its own, one check at a time, however many ask. */
#ifndef COMMON_HTTP_HEALTH_H
#define COMMON_HTTP_HEALTH_H

#include "common/http/reply.h"
#include "common/http/route.h"

/* Reads something of each kind that the service's requests need. It runs in the checking thread and
 * needs its own connection: those of the requests can all be waiting. */
typedef enum error health_check(struct arena *arena);

/* 200 {"status":"ok"}, or 503 if the check fails or does not end in time. Every call in a process
 * has to pass the same check. */
struct reply *health_ready(struct request *r, health_check *check);
/* The handler of /health/SERVICE/live: 200 {"status":"ok"}. */
handler health_live_get;

/* At the end of the program. False: a check still waits for its database, so the program must not
 * run its exit handlers. */
bool health_stop(void) MUST_CHECK;

#endif
