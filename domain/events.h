/* events.h - the names of events, exchange and queues. Which queue takes which event is
 * consumers/topology.h. */
#ifndef DOMAIN_EVENTS_H
#define DOMAIN_EVENTS_H

#define PURSE_EXCHANGE "purse.events"
#define WALLET_QUEUE "wallet_queue"
#define STATEMENT_QUEUE "statement_queue"

#define EVENT_EMITTED "transaction_emitted"   /* asks for a transaction */
#define EVENT_CREATED "transaction_created"   /* one has been posted */
#define EVENT_REJECTED "transaction_rejected" /* one that was asked for by event was refused */
#define EVENT_REQUESTED "statement_requested" /* a statement job waits */

#endif
