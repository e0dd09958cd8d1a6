/* authorizers.h - tells the processes that cache live sessions what has ended, and waits until they
 * have applied it.
 *
 * An authorizer LISTENs, and holds an advisory lock whose number is the last one it confirmed. A
 * process that ends sessions notifies, then notifies a number of its own, and waits until no
 * authorizer holds a smaller one. PostgreSQL delivers notifications in the order of their commits,
 * and drops the lock of a process that dies. So nothing is stored, and no process needs a list of
 * the others. */
#ifndef DOMAIN_IDENTITY_AUTHORIZERS_H
#define DOMAIN_IDENTITY_AUTHORIZERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/db/db.h"

/* ---- for those who end sessions, or change roles ---- */

/* After the commit of a change that has notified SESSION_ENDED: returns once every living
 * authorizer has applied it, or after a second. An authorizer that is silent for that long does
 * not trust its cache any more (AUTHORIZER_TRUST_MS). */
void authorizers_wait(struct db_pool *pool);
/* The same on one connection. */
void authorizers_wait_on(struct db *db);

/* ---- for an authorizer ---- */

/* How long an authorizer may use its cache after the database has last answered it. */
#define AUTHORIZER_TRUST_MS 1000

struct authorizer {
	struct db *db; /* listens on SESSION_ENDED */
	int64_t confirmed, backend;
};

/* Call once the connection listens. Counts as having applied everything committed before. */
enum error authorizer_join(struct authorizer *a) MUST_CHECK;
/* Whether the payload is a number to confirm; if so, confirms it. Everything notified before must
 * have been applied. An error: the connection is lost. */
bool authorizer_is_number(const char *payload, int64_t *number) MUST_CHECK;
enum error authorizer_confirm(struct authorizer *a, int64_t number) MUST_CHECK;
/* OK if this is still the connection that joined, and it answers. */
enum error authorizer_check(struct authorizer *a) MUST_CHECK;

#endif
