/* ledger.h - posts batches of operations, and returns their outcomes.
 *
 * The HTTP handlers and transaction_consumer both post through ledger_post(). It is one call of the
 * SQL function post(): one round trip, one commit, 1 … LEDGER_BATCH_MAX operations that do not
 * affect each other. Nothing here knows HTTP or AMQP.
 *
 * Any thread, each with its own connection and arena. No lock is held in the process: the database
 * locks wallets. */
#ifndef DOMAIN_LEDGER_LEDGER_H
#define DOMAIN_LEDGER_LEDGER_H

#include "common/db/db.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

/* The API's largest batch. Past about 500 operations, a call gains nothing per operation. */
#define LEDGER_BATCH_MAX 1000

/* Posts `count` operations; outcomes[i] belongs to operations[i], with its text in the arena. OK:
 * the database has committed, whether or not it refused single operations. On any error the result
 * is unknown: repeat the call with the same operations and again = true. Their ids and keys prevent
 * duplicates. An operation that takes too long fails alone: its outcome is ERR_TOO_SLOW. */
enum error ledger_post(struct db *db, const struct operation *const operations[], size_t count,
	bool again, struct arena *arena, struct outcome outcomes[]) MUST_CHECK;
/* The same, but an operation that takes too long fails the whole batch with ERR_TOO_SLOW. */
enum error ledger_post_whole(struct db *db, const struct operation *const operations[],
	size_t count, bool again, struct arena *arena, struct outcome outcomes[]) MUST_CHECK;

/* The idempotency key of a whole batch. The operations have their own keys. */
struct batch_key {
	struct uuid owner; /* the caller */
	const char *key;   /* NULL if absent */
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of the body */
};

/* The same as one database transaction, with a choice of how it ends. END_EACH: commit, whatever
 * the outcomes (like ledger_post). END_ATOMIC: commit only if nothing was refused. END_DRY: always
 * roll back, to see what would happen. *posted: committed. ERR_IDEMPOTENCY_KEY_REUSED: the key
 * belongs to another batch. */
enum ending { END_EACH, END_ATOMIC, END_DRY };
enum error ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena,
	struct outcome outcomes[], bool *posted) MUST_CHECK;

/* Frees what ledger_post() keeps for the calling thread. Call it in threads that end before the
 * program does. */
void ledger_thread_end(void);

#endif
