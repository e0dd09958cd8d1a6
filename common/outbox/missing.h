/* missing.h - finds the events that another database lacks, by its wallets' versions, and publishes
 * them again. Belongs to one thread. */
#ifndef COMMON_OUTBOX_MISSING_H
#define COMMON_OUTBOX_MISSING_H

#include "common/outbox/arrivals.h"

struct missing {
	const struct arrival_source *source;
	struct db *origin, *follower;
	struct amqp *amqp;
	struct arena *arena; /* for the body being built */
	struct batch batch;
	struct db_array wallets, versions; /* values of the next statement */
};

/* Does no I/O. False: out of memory. Close it in either case. */
bool missing_open(struct missing *m, const struct arrival_source *source) MUST_CHECK;
void missing_close(struct missing *m);

/* Of these rows of wallet_id and version: the wallets that the follower has fewer lines of, with
 * its version of each. */
enum error missing_wallets(struct missing *m, const struct db_rows *rows,
	struct db_rows **behind) MUST_CHECK;
/* After missing_queue_short(): compares all wallets, counts the events up to a position that the
 * follower lacks, and, if `publish`, publishes them. */
enum error missing_pass(struct missing *m, const char *until, bool publish,
	int64_t *missing) MUST_CHECK;
/* True if so few messages are waiting that what was published should have arrived. */
enum error missing_queue_short(struct missing *m, bool *is_short) MUST_CHECK;

#endif
