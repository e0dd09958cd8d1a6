/* consumer_private.h - what the files of consumer.h share; no other file includes it. */
#ifndef COMMON_AMQP_CONSUMER_PRIVATE_H
#define COMMON_AMQP_CONSUMER_PRIVATE_H

#include "common/amqp/consumer.h"

struct run {
	const struct consumer *consumer;
	struct amqp *amqp;
	void *service;
	char dead_queue[AMQP_NAME_MAX];
	struct delivery batch[CONSUMER_BATCH_MAX];
	struct message *messages[CONSUMER_BATCH_MAX];
	size_t count;
	struct message *held; /* received, but for the next batch; or NULL */
	struct backoff pause; /* between connections; reset by every message */
	int status;
};

void delivery_clear(struct delivery *d);

/* With --drain: whether there is no more time to wait for unavailable servers. */
bool drain_timed_out(void);
/* Each finished batch proves that the servers are there, and grants another AMQP_TIMEOUT. */
void drain_deadline_extend(void);
bool consumer_is_draining(void);

/* Waits while it holds the batch, serving heartbeats. False: connection lost, or time to stop. */
bool wait_with_heartbeats(struct run *r, struct backoff *pause);

/* Publishes the dead letters and the replies of deliveries. False: connection lost. */
bool deliveries_publish(struct run *r, struct delivery *d, size_t count);
/* The replies alone. */
bool publish_replies(struct run *r, struct delivery *d, size_t count);
/* Both, and acknowledges all of them. */
bool deliveries_finish(struct run *r, struct delivery *d, size_t count);
/* Handles deliveries until they are done and acknowledged. False: connection lost, or time to stop;
 * unacknowledged messages are redelivered. */
bool deliveries_handle(struct run *r, struct delivery *d, size_t count, bool is_retry);

/* Starts the thread that watches. False, after a sentence in the log, if it cannot. */
bool watch_start(struct run *r) MUST_CHECK;
/* Calls the consumer's handle() under watch. Does not return if the deliveries are set aside
 * meanwhile. */
enum error watch_handle(struct run *r, struct delivery *d, size_t count, bool again) MUST_CHECK;

#endif
