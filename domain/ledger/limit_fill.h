/* limit_fill.h - completes the counters of limits.
 *
 * A counter begins at the first posting that a limit applies to, and from then on each posting
 * keeps it. What was posted earlier in the month must be added first. Few rows are, at once, by
 * post() itself; many would hold up everything else in its batch. So post() refuses such an
 * operation with ERR_UNAVAILABLE, and these functions add the rows in small commits. */
#ifndef DOMAIN_LEDGER_LIMIT_FILL_H
#define DOMAIN_LEDGER_LIMIT_FILL_H

#include "common/db/db.h"

/* Steps for one call of the ledger; each adds up to 10,000 rows, in about 10 ms. */
#define LIMIT_FILL_STEPS 20

/* Takes steps for the refusal that post() gave, until the counter is complete or *steps is 0. */
enum error limit_fill(struct db *db, const char *refusal, int64_t *steps) MUST_CHECK;
enum error limit_fill_pooled(struct db_pool *pool, const char *refusal, int64_t *steps) MUST_CHECK;

#endif
