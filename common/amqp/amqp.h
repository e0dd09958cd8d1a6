/* amqp.h - RabbitMQ: publishing with confirms, consuming with acknowledgements, on a connection
 * that belongs to one thread.
 *
 * A connection has two channels: one consumes, the other publishes in confirm mode. Every wait ends
 * after AMQP_TIMEOUT. A connection that fails is closed at once, and RabbitMQ redelivers what was
 * not acknowledged. Nothing here reconnects by itself: callers loop over amqp_connect() with a
 * struct backoff, so that they can stop.
 *
 * Errors: ERR_UNAVAILABLE (no connection, connection lost, not confirmed in time, refused by a full
 * queue); ERR_INTERNAL (RabbitMQ refuses the operation: its reason is logged, and a retry will not
 * help).
 *
 * A connection, with everything that it hands out, belongs to one thread at a time. Times are in
 * milliseconds unless a name says otherwise. */
#ifndef COMMON_AMQP_AMQP_H
#define COMMON_AMQP_AMQP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Larger messages are not read into memory: reject them, so that the broker dead-letters them. */
#define AMQP_BODY_MAX ((size_t)1 << 20)

/* ---- topology ---- */

/* A durable quorum queue bound to the exchange by each key, and its dead-letter queue,
 * "<name>.dead". */
struct amqp_queue {
	const char *name;
	const char *const *keys; /* ends with NULL */
};

/* Everything else about the queues is a policy of the broker (deploy/broker), so that others can
 * declare them without knowing it. With QUEUE_ARGUMENTS their limits are arguments instead. */
struct amqp_topology {
	const char *exchange; /* a durable topic exchange */
	const struct amqp_queue *queues;
	size_t count;
	/* A second topic exchange, all of which goes to one queue; or NULL. door_watch is the name
	 * of an exchange by which amqp_check() notices that the door was deleted. */
	const char *door, *door_queue, *door_watch;
};
/* True if this is the name of one of the queues, or of its dead-letter queue. */
bool amqp_topology_has(const struct amqp_topology *t, const char *queue);

#define AMQP_NAME_MAX 256 /* of a queue, including the NUL */
/* The name of a queue's dead-letter queue. */
void amqp_dead_name(const char *queue, char out[AMQP_NAME_MAX]);

/* ---- the connection ---- */

struct amqp;

/* Does no I/O. Returns NULL, with a sentence in the log, if the URL is invalid. The form is
 * amqp[s]://user:password@host:port/vhost, with %-escapes in each part; amqps checks the server's
 * certificate against SSL_CERT_FILE or the system's authorities. */
struct amqp *amqp_new(const char *url, const struct amqp_topology *topology);
/* Closes gracefully, so the broker has read every acknowledgement (waits at most AMQP_TIMEOUT).
 * NULL is allowed. */
void amqp_free(struct amqp *a);

/* Tries once to connect and to declare the topology; OK at once if already connected. */
enum error amqp_connect(struct amqp *a) MUST_CHECK;
/* False once the connection has failed. A refusal by a full queue leaves it open. */
bool amqp_connected(const struct amqp *a);
/* Drops the connection: unacknowledged messages go back to their queue, perhaps also those whose
 * acknowledgement was just sent. */
void amqp_close(struct amqp *a);

/* ---- consuming ---- */

/* A message as received. Text is NUL-terminated, never NULL unless stated, and lives until
 * message_free(). */
struct message {
	uint64_t tag;               /* to acknowledge it; valid on this connection only */
	bool redelivered;           /* delivered before, perhaps to another consumer */
	int64_t deliveries;         /* earlier ones, from x-delivery-count */
	const char *exchange, *key;
	const char *body;           /* `bytes` long, then a NUL */
	size_t bytes;
	uint64_t too_large;         /* not 0: its size; the body was not read */
	/* NULL if absent. */
	const char *content_type, *type, *message_id, *correlation_id, *reply_to;
	const char *content_encoding, *app_id;
	uint64_t timestamp;         /* 0 if absent */
	const char *reason;         /* x-reason, or NULL; see struct outgoing */
	const char *dead_at;        /* x-dead-at, or NULL */
	const char *death;          /* the broker's reason ("rejected", …), or NULL */
	/* Attributes of a CloudEvents event in binary mode, or NULL. */
	const char *event_type, *event_id, *event_source, *event_time;
	const char *event_fault;    /* why they cannot be read, as part of a sentence; or NULL */
	const char *mac;            /* x-purse-mac, or NULL; see common/base/event_mac.h */
	uint32_t waiting;           /* messages left in the queue; amqp_get() only */
	struct message_headers *headers; /* private */
	struct message *next;       /* private until received, then free for the caller */
};
/* NULL is allowed. Does not acknowledge. */
void message_free(struct message *m);

/* Starts to consume from a queue, with at most `prefetch` messages unacknowledged. Call it again
 * after a reconnect. */
enum error amqp_consume(struct amqp *a, const char *queue, int prefetch) MUST_CHECK;
/* Stops consuming; amqp_receive() still returns messages that have already arrived. */
enum error amqp_cancel(struct amqp *a) MUST_CHECK;
/* Receives the next message, which the caller owns; *m is NULL if none arrives within timeout_ms
 * (0: only messages that have already arrived). */
enum error amqp_receive(struct amqp *a, int timeout_ms, struct message **m) MUST_CHECK;
/* Acknowledges one message, or all messages up to it. */
enum error amqp_ack(struct amqp *a, uint64_t tag, bool all_before) MUST_CHECK;
/* Returns a message to its queue or, without `requeue`, has the broker dead-letter it. */
enum error amqp_reject(struct amqp *a, uint64_t tag, bool requeue) MUST_CHECK;
/* Gets one message of any size without consuming; *m is NULL if the queue is empty. ERR_NOT_FOUND:
 * no such queue. */
enum error amqp_get(struct amqp *a, const char *queue, struct message **m) MUST_CHECK;
/* Counts the messages that are ready in a queue, without those that consumers hold. ERR_NOT_FOUND:
 * no such queue; the connection is then closed, too. */
enum error amqp_count(struct amqp *a, const char *queue, uint32_t *ready) MUST_CHECK;

/* Checks that a queue of the topology still exists, with the exchanges that lead to it, and binds
 * it again. ERR_NOT_FOUND: something was deleted, and the connection is closed; the next
 * amqp_connect() declares it again. */
enum error amqp_check(struct amqp *a, const char *queue) MUST_CHECK;
/* The queue or exchange that amqp_check() or a consumer found deleted since the last call; or
 * NULL. */
const char *amqp_lost(struct amqp *a);

/* Serves heartbeats and buffers deliveries for timeout_ms: for callers that wait for something else
 * meanwhile. */
enum error amqp_idle(struct amqp *a, int timeout_ms) MUST_CHECK;

/* ---- publishing ---- */

enum outgoing_state {
	OUTGOING_NEW,       /* not sent, or to be sent again */
	OUTGOING_SENT,      /* in flight */
	OUTGOING_CONFIRMED, /* on disk at the broker */
	OUTGOING_REFUSED,   /* nacked: a queue is full or has lost its majority */
	OUTGOING_RETURNED,  /* mandatory, but no queue is bound for it */
};

/* A message to publish, always persistent. Everything is borrowed and must live until the message
 * is settled. */
struct outgoing {
	const char *exchange, *key; /* exchange "": straight to the queue named by `key` */
	const void *body;
	size_t bytes;
	/* NULL: left out. */
	const char *content_type, *type, *message_id, *correlation_id, *reply_to;
	bool mandatory;             /* return it if no queue is bound for it */
	/* Copy body, properties and headers from this message instead, without the headers that the
	 * broker and we add to dead letters. */
	const struct message *copy;
	const char *mac;            /* the header x-purse-mac; NULL: left out */
	/* Why it is a dead letter: adds the headers x-reason and x-dead-at. NULL: neither. */
	const char *reason;
	enum outgoing_state state;
};

/* Sends one message and keeps its address until it is settled or the connection is closed. */
enum error amqp_send(struct amqp *a, struct outgoing *m) MUST_CHECK;
/* Sends all messages that are not yet confirmed. */
enum error amqp_send_all(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;
/* Waits until at most `unsettled` of the sent messages are in flight: neither confirmed, refused
 * nor returned. */
enum error amqp_settle(struct amqp *a, size_t unsettled) MUST_CHECK;
/* Waits until this message is settled. */
enum error amqp_settle_one(struct amqp *a, const struct outgoing *m) MUST_CHECK;
/* Sends all messages that are not yet confirmed and waits for them. OK: every one is confirmed.
 * ERR_UNAVAILABLE: pause and call again; confirmed messages are not sent twice. */
enum error amqp_publish(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;
/* Sends each message once, waits up to a second, and gives up on those refused or unconfirmed by
 * then. Returns OK unless the connection fails. For queues that belong to others, and only while no
 * other message is in flight. */
enum error amqp_publish_once(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;

#endif
