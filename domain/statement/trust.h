/* trust.h - which events the statement believes: those with the relay's MAC and, in a database that
 * older relays have filled, those without one until the first with one (sql/statement/007).
 *
 * Not thread-safe. */
#ifndef DOMAIN_STATEMENT_TRUST_H
#define DOMAIN_STATEMENT_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/db/db.h"

struct trust {
	bool loaded;
	bool signed_only;    /* accept nothing without a MAC */
	bool seen;           /* this batch has an event with a MAC */
	int64_t unsigned_ms; /* when the last event without a MAC was accepted, or at the start */
};

/* Begins a batch; reads the state at the first call. */
enum error trust_begin(struct trust *t, struct db *db) MUST_CHECK;
/* Whether to believe the batch's next event. */
bool trust_event(struct trust *t, bool has_mac) MUST_CHECK;
/* Ends a batch that was stored. */
enum error trust_end(struct trust *t, struct db *db) MUST_CHECK;
/* Stops accepting events without a MAC once none has come for a minute: the queue is drained. */
void trust_expire(struct trust *t, struct db *db);

#endif
