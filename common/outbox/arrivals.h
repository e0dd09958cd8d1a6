/* arrivals.h - notices when another database has lost what it stored of our events, and publishes
 * it again; see arrivals.c. */
#ifndef COMMON_OUTBOX_ARRIVALS_H
#define COMMON_OUTBOX_ARRIVALS_H

#include <stdbool.h>

#include "common/amqp/amqp.h"
#include "common/base/config.h"
#include "common/outbox/batch.h"

/* Two databases: the origin publishes its rows, the follower stores them. */
struct arrival_source {
	const struct amqp_topology *topology;
	const char *queue; /* what the follower's consumer reads */
	enum option origin, follower;
	/* Reads missing rows. $1: wallets, $2: a version of each to start after, $3: up to this
	 * position, $4: the limit */
	struct stream rows;
};

/* Checks every few seconds until program_stopping(); with `drain` once. Does nothing if a URL is
 * not set. False: out of memory, or the drain failed. Any number of copies can run: an advisory
 * lock lets one of them work. */
bool arrivals_watch(const struct arrival_source *source, bool drain) MUST_CHECK;

#endif
