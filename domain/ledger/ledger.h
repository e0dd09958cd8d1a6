/* ledger.h - operations go in by batches, outcomes come out.
 *
 * Both doors, the HTTP handlers and transaction_consumer, post through ledger_post(). It is one
 * call of the SQL function post(): one round trip, one commit, 1 … LEDGER_BATCH_MAX operations that
 * do not disturb each other. Nothing here knows HTTP or AMQP. */
#ifndef DOMAIN_LEDGER_LEDGER_H
#define DOMAIN_LEDGER_LEDGER_H

#include "common/db/db.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

#define LEDGER_BATCH_MAX 1000

/* Posts count operations; outcomes[i] answers operations[i], its text in the arena. OK: the
 * database has committed, whatever the single outcomes say. Anything else: nothing is known, and
 * the call may be repeated with the same operations and again = true (their ids and keys keep it
 * from doubling). */
enum error ledger_post(struct db *db, const struct operation *const operations[], size_t count,
	bool again, struct arena *arena, struct outcome outcomes[]) MUST_CHECK;

/* The idempotency key of a whole batch: who asks, and what for. The operations have keys of their
 * own. */
struct batch_key {
	struct uuid owner;
	const char *key; /* NULL: none */
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of the body */
};

/* The same as one database transaction with a chosen end. END_EACH: commit, whatever the outcomes
 * (as ledger_post does); END_ATOMIC: all or none, one refusal and nothing is posted; END_DRY: none,
 * what would happen. *posted: whether it stays. ERR_IDEMPOTENCY_KEY_REUSED: the key stands for
 * another batch. */
enum ending { END_EACH, END_ATOMIC, END_DRY };
enum error ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena,
	struct outcome outcomes[], bool *posted) MUST_CHECK;

/* Frees what ledger_post() keeps for the calling thread; for threads that end before the
 * program. */
void ledger_thread_end(void);

#endif
