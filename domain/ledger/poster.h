/* poster.h - group commit: the operations of many requests in few commits.
 *
 * A request's thread queues its operation and waits. A committer thread takes the pending
 * operations, up to POST_BATCH, and posts them with one call. There is no timer: an idle system
 * commits a single operation immediately, and during a commit the next batch gathers by itself. The
 * queue is bounded: past POST_QUEUE, ERR_OVERLOADED.
 *
 * An operation's result arrives in one of three ways: committed, refused, or unknown. A client that
 * gets an unknown result may retry with its key. */
#ifndef DOMAIN_LEDGER_POSTER_H
#define DOMAIN_LEDGER_POSTER_H

#include "domain/ledger/ledger.h"

struct poster;

/* Starts COMMITTERS threads, each with its own connection to `url` (kept, not copied). NULL if it
 * is out of memory, or no thread starts. */
struct poster *poster_start(const char *url);
/* Call it only once no thread is in poster_post(). */
void poster_stop(struct poster *p);

/* Posts one operation. Returns OK once it is committed or refused, as *out shows. ERR_OVERLOADED,
 * ERR_TOO_SLOW: nothing was done. Any other error: the result is still unknown after the retries
 * (ERR_UNAVAILABLE, ERR_INTERNAL). The outcome's text is in `arena`. Thread-safe. */
enum error poster_post(struct poster *p, const struct operation *op, struct arena *arena,
	struct outcome *out) MUST_CHECK;

#endif
