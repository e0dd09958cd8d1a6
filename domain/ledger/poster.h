/* poster.h - group commit: many requests' operations, few commits.
 *
 * A request's thread puts its operation in a queue and waits. Committer threads take what is
 * waiting, up to POST_BATCH, and post it with one call. Nothing waits for a timer: an idle system
 * commits one operation at once, and while a commit runs, the next batch gathers by itself. The
 * queue is bounded: past POST_QUEUE, ERR_OVERLOADED. */
#ifndef DOMAIN_LEDGER_POSTER_H
#define DOMAIN_LEDGER_POSTER_H

#include "domain/ledger/ledger.h"

struct poster;

/* COMMITTERS threads, each with a connection of its own to `url` (kept, not copied). NULL: no
 * memory or no thread. */
struct poster *poster_start(const char *url);
/* Only when nobody waits in poster_post() any more. */
void poster_stop(struct poster *p);

/* Posts one operation; returns when it is committed or refused (then *out says which), or when
 * nothing is known after the retries (ERR_UNAVAILABLE, ERR_OVERLOADED, ERR_INTERNAL). The outcome's
 * text is in `arena`. Thread-safe. */
enum error poster_post(struct poster *p, const struct operation *op, struct arena *arena,
	struct outcome *out) MUST_CHECK;

#endif
