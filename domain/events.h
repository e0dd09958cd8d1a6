/* events.h - names of the events, the exchanges and the queues; consumers/topology.h binds them. */
#ifndef DOMAIN_EVENTS_H
#define DOMAIN_EVENTS_H

#define PURSE_EXCHANGE "purse.events"
#define PURSE_DOOR "purse.in" /* for publishers; leads to WALLET_QUEUE */
#define PURSE_DOOR_WATCH "purse.in.watch" /* see common/amqp/amqp_check.c */
#define WALLET_QUEUE "wallet_queue"
#define STATEMENT_QUEUE "statement_queue"

#define EVENT_EMITTED "transaction_emitted"   /* requests a transaction */
#define EVENT_CREATED "transaction_created"   /* a transaction was posted */
#define EVENT_REJECTED "transaction_rejected" /* a transaction_emitted was refused */
#define EVENT_REQUESTED "statement_requested" /* a statement job is pending */

#endif
