/* topology.h - the one table of exchange and queues: which event goes where. Everybody who connects declares it. */
#ifndef CONSUMERS_TOPOLOGY_H
#define CONSUMERS_TOPOLOGY_H

#include "common/amqp.h"

#define PURSE_EXCHANGE "purse.events"
#define WALLET_QUEUE "wallet_queue"
#define STATEMENT_QUEUE "statement_queue"

#define EVENT_EMITTED "transaction_emitted"   /* asks for a transaction */
#define EVENT_CREATED "transaction_created"   /* one has been posted */
#define EVENT_REJECTED "transaction_rejected" /* one that was asked for by event was refused */
#define EVENT_REQUESTED "statement_requested" /* a statement job waits */

static const char *const wallet_queue_keys[] = { EVENT_EMITTED, NULL };
static const char *const statement_queue_keys[] = { EVENT_CREATED, EVENT_REQUESTED, NULL };

static const struct amqp_queue purse_queues[] = {
	{ WALLET_QUEUE, wallet_queue_keys },
	{ STATEMENT_QUEUE, statement_queue_keys },
};

/* transaction_rejected has no queue of ours: whoever wants to know binds one. */
static const struct amqp_topology purse_topology = {
	.exchange = PURSE_EXCHANGE,
	.queues = purse_queues,
	.count = sizeof(purse_queues) / sizeof(purse_queues[0]),
};

#endif
