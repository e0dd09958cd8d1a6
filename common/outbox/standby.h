/* standby.h - holds the relay back until a standby has what it is about to publish, so that an
 * event never outlives its commit. */
#ifndef COMMON_OUTBOX_STANDBY_H
#define COMMON_OUTBOX_STANDBY_H

#include "common/outbox/relay.h"

/* Call after reading rows and before publishing them: returns once a standby has written them to
 * its disk, as RELAY_STANDBY demands. Serves heartbeats meanwhile. ERR_UNAVAILABLE: stopping, or,
 * with --drain, not within AMQP_TIMEOUT. */
enum error standby_await(struct relay *r) MUST_CHECK;

#endif
