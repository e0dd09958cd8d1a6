/* topology.h - the one table of the exchanges, the queues and their bindings. Every program that
 * connects declares it. */
#ifndef CONSUMERS_TOPOLOGY_H
#define CONSUMERS_TOPOLOGY_H

#include "common/amqp/amqp.h"
#include "domain/events.h"

static const char *const wallet_queue_keys[] = { EVENT_EMITTED, NULL };
static const char *const statement_queue_keys[] = { EVENT_CREATED, EVENT_REQUESTED, NULL };

static const struct amqp_queue purse_queues[] = {
	{ WALLET_QUEUE, wallet_queue_keys },
	{ STATEMENT_QUEUE, statement_queue_keys },
};

/* We have no queue for transaction_rejected: an interested consumer binds its own. */
static const struct amqp_topology purse_topology = {
	.exchange = PURSE_EXCHANGE,
	.queues = purse_queues,
	.count = sizeof(purse_queues) / sizeof(purse_queues[0]),
	.door = PURSE_DOOR,
	.door_queue = WALLET_QUEUE,
	.door_watch = PURSE_DOOR_WATCH,
};

#endif
