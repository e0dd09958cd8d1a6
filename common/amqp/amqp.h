/* amqp.h - RabbitMQ: a connection that is one thread's, publishing with confirms, messages taken
 * and acknowledged.
 *
 * Two channels: one takes messages, the other publishes in confirm mode. Every wait ends after
 * AMQP_TIMEOUT; a connection that failed is closed at once, and what was not acknowledged comes
 * again. Nothing here reconnects by itself: callers loop over amqp_connect() with a struct backoff,
 * so that they can stop.
 *
 * Errors: ERR_UNAVAILABLE (no connection, connection lost, not confirmed in time, refused by a full
 * queue); ERR_INTERNAL (RabbitMQ refuses what we ask for: logged with its reason, and repeating it
 * will not help). */
#ifndef COMMON_AMQP_AMQP_H
#define COMMON_AMQP_AMQP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Larger messages are not read into memory: they are rejected, and the broker moves them to the
 * dead letters. */
#define AMQP_BODY_MAX ((size_t)1 << 20)

/* ---- topology ---- */

/* A durable quorum queue bound to the exchange by each key, and its dead letters, "<name>.dead". */
struct amqp_queue {
	const char *name;
	const char *const *keys; /* ends with NULL */
};

struct amqp_topology {
	const char *exchange; /* a durable topic exchange */
	const struct amqp_queue *queues;
	size_t count;
};

#define AMQP_NAME_MAX 256 /* of a queue, NUL included */
/* The dead letters' queue of a queue. */
void amqp_dead_name(const char *queue, char out[AMQP_NAME_MAX]);

/* ---- the connection ---- */

struct amqp;

/* No I/O. Writes a sentence to the log and answers NULL where the URL is none
 * (amqp[s]://user:password@host:port/vhost,
 * %-escapes in each part; amqps checks the server's certificate against SSL_CERT_FILE or the
 * system's). */
struct amqp *amqp_new(const char *url, const struct amqp_topology *topology);
/* Closes in order: what was acknowledged is so for the broker, too (AMQP_TIMEOUT at most). NULL is
 * fine. */
void amqp_free(struct amqp *a);

/* One attempt to connect and to declare the topology; OK at once where it is connected. */
enum error amqp_connect(struct amqp *a) MUST_CHECK;
bool amqp_connected(const struct amqp *a);
/* Cuts the connection: what was taken and not acknowledged goes back to its queue, and perhaps what
 * just was. */
void amqp_close(struct amqp *a);

/* ---- taking ---- */

/* A message as it came. All text ends with NUL and is never NULL but where said; it lives until
 * message_free(). */
struct message {
	uint64_t tag;
	bool redelivered;
	int64_t deliveries;         /* earlier ones, by x-delivery-count */
	const char *exchange, *key;
	const char *body;           /* `bytes` long, and a NUL beyond them */
	size_t bytes;
	const char *content_type, *type, *message_id, *correlation_id,
		*reply_to; /* NULL where absent */
	const char *content_encoding, *app_id;
	uint64_t timestamp;         /* 0 where absent */
	const char *reason;         /* x-reason, or NULL; see struct outgoing */
	const char *dead_at;        /* x-dead-at, or NULL */
	const char *death; /* the broker's own word ("rejected", "delivery_limit", …), or NULL */
	uint32_t waiting;           /* messages left in the queue; amqp_get() only */
	struct message_headers *headers; /* private */
	struct message *next;       /* private until it is taken, then the taker's */
};
void message_free(struct message *m);

/* Begins to take from a queue, at most `prefetch` messages unacknowledged. Must be called again
 * after a reconnect. */
enum error amqp_consume(struct amqp *a, const char *queue, int prefetch) MUST_CHECK;
/* Takes no more; what has arrived already is still given out by amqp_take(). */
enum error amqp_cancel(struct amqp *a) MUST_CHECK;
/* The next message; *m is NULL where none came within timeout_ms (0: only what has arrived). Caller
 * owns it. */
enum error amqp_take(struct amqp *a, int timeout_ms, struct message **m) MUST_CHECK;
/* Acknowledges one message, or all up to it. */
enum error amqp_ack(struct amqp *a, uint64_t tag, bool all_before) MUST_CHECK;
/* Gives one back: to its queue, or (requeue false) to the dead letters by the broker's own hand. */
enum error amqp_reject(struct amqp *a, uint64_t tag, bool requeue) MUST_CHECK;
/* Asks for one message without consuming (for tools); *m NULL where the queue is empty.
 * ERR_NOT_FOUND: no such queue. */
enum error amqp_get(struct amqp *a, const char *queue, struct message **m) MUST_CHECK;
/* Messages ready in a queue. ERR_NOT_FOUND: no such queue. */
enum error amqp_count(struct amqp *a, const char *queue, uint32_t *ready) MUST_CHECK;

/* Serves heartbeats and keeps what arrives, for timeout_ms: for those who wait for something else
 * meanwhile. */
enum error amqp_idle(struct amqp *a, int timeout_ms) MUST_CHECK;

/* ---- publishing ---- */

enum outgoing_state {
	OUTGOING_NEW,       /* not sent, or to be sent again */
	OUTGOING_SENT,      /* on its way */
	OUTGOING_CONFIRMED, /* safe with the broker */
	OUTGOING_REFUSED,   /* nacked: a queue is full, or lost its majority */
	OUTGOING_RETURNED,  /* mandatory, and no queue takes it */
};

/* A message to be. All is borrowed, and must live until it is settled. Always persistent. */
struct outgoing {
	const char *exchange, *key; /* exchange "": straight to the queue named by key */
	const void *body;
	size_t bytes;
	const char *content_type, *type, *message_id, *correlation_id,
		*reply_to;	    /* NULL: left out */
	bool mandatory;             /* it must reach a queue */
	/* Take body, properties and headers from this message instead; the broker's own headers are
	 * left out, ours too. */
	const struct message *copy;
	const char *
		reason; /* header x-reason: why it is a dead letter; x-dead-at goes with it. NULL: neither */
	enum outgoing_state state;
};

/* Puts one on the wire. Its address is kept until it is settled, or the connection closed. */
enum error amqp_send(struct amqp *a, struct outgoing *m) MUST_CHECK;
/* The same for all that are not confirmed yet. */
enum error amqp_send_all(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;
/* Waits until at most `unsettled` of those sent are neither confirmed, refused nor returned. */
enum error amqp_settle(struct amqp *a, size_t unsettled) MUST_CHECK;
/* Waits until this one is. */
enum error amqp_settle_one(struct amqp *a, const struct outgoing *m) MUST_CHECK;
/* Sends all that are not confirmed yet and waits for them: OK where every one is confirmed then.
 * ERR_UNAVAILABLE: call again, after a pause; those confirmed are not sent twice. */
enum error amqp_publish(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;
/* Sends all once, waits up to a second for them, and gives up what is refused or not confirmed by
 * then: OK as long as the connection lasts. For queues that are not ours. Only while nothing else
 * is on its way. */
enum error amqp_offer(struct amqp *a, struct outgoing *messages, size_t count) MUST_CHECK;

#endif
