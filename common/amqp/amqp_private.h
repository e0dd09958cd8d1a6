/* amqp_private.h - what the files amqp*.c share: the connection's state and internal functions.
 *
 * Each file calls only those above it in this list. The others return what they find, and the pump
 * acts on it:
 *
 *	amqp_window.c      published and unconfirmed messages: no I/O
 *	amqp_message.c     messages from their frames: no I/O
 *	amqp_connection.c  opens, fails, closes
 *	amqp_ack.c         acknowledges
 *	amqp_topology.c    declares exchanges and queues
 *	amqp_check.c       notices that they were deleted
 *	amqp_frame.c       the pump: reads a frame and dispatches it
 *	amqp_publish.c, amqp_receive.c   what callers do, on top of the pump
 *	amqp.c             from new to free
 */
#ifndef COMMON_AMQP_AMQP_PRIVATE_H
#define COMMON_AMQP_AMQP_PRIVATE_H

#include <amqp.h>
#include <amqp_framing.h>
#include <sys/time.h>

#include "common/amqp/amqp.h"

/* Consuming and publishing have a channel each, so a confirm never arrives between two frames of a
 * delivery. */
#define CHANNEL_CONSUME 1
#define CHANNEL_PUBLISH 2
#define CHANNELS 3 /* with channel 0, the connection's own, which carries no messages */

#define CONSUMER_TAG_MAX 24

/* Messages in flight; a power of two, because numbers are mapped to places by their low bits. The
 * relay's eight batches of 512 fit twice. */
#define WINDOW 8192

/* A message between its method frame and its last body frame. */
struct assembly {
	enum { ASSEMBLE_NOTHING, ASSEMBLE_MESSAGE, ASSEMBLE_RETURN, ASSEMBLE_TOO_LARGE } what;
	uint64_t tag, expected, received;
	bool redelivered, from_get; /* from_get: by basic.get */
	uint32_t waiting;
	char exchange[AMQP_NAME_MAX], key[AMQP_NAME_MAX];
	struct message *message; /* NULL until the header frame arrives */
};

struct amqp {
	char *url; /* as amqp_parse_url() left it: `address` points into it */
	struct amqp_connection_info address;
	const struct amqp_topology *topology;
	amqp_connection_state_t connection; /* NULL: closed */
	bool blocked; /* the broker is short of memory or disk space and stopped reading */
	/* the last failure logged: a repeated one is not logged again */
	char last_failure[AMQP_NAME_MAX];

	struct assembly assembly[CHANNELS];
	/* Received and not yet taken, oldest first. The prefetch bounds it. */
	struct message *inbox, **inbox_end;
	bool get_empty; /* the broker's answer to basic.get: the queue has no message */
	bool consuming;
	char consumer_tag[CONSUMER_TAG_MAX];
	char consumed[AMQP_NAME_MAX]; /* the queue */

	enum { WATCH_NEW, WATCH_SET, WATCH_REFUSED } watch; /* see amqp_check.c */
	char lost[AMQP_NAME_MAX]; /* see amqp_lost(); "": nothing */
	char lost_told[AMQP_NAME_MAX];

	struct outgoing *window[WINDOW]; /* by sequence number; NULL: settled */
	uint64_t next;                   /* the next sequence number */
	uint64_t oldest;                 /* the oldest that can be unsettled */
	size_t unsettled;
};

/* ---- amqp_window.c ---- */

/* Assigns the next sequence number to a message that is about to be sent; there must be room. */
void window_add(struct amqp *a, struct outgoing *m);
/* Settles message `tag`, or all up to it. Ignores numbers that are settled or given up. */
void window_settle(struct amqp *a, uint64_t tag, bool multiple, enum outgoing_state state);
/* Marks the messages in flight that the broker has returned; their acks still follow. */
void window_return(struct amqp *a, const char *exchange, const char *key);
/* Makes every message in flight OUTGOING_NEW, and forgets it. */
void window_clear(struct amqp *a);

/* ---- amqp_message.c ---- */

/* What a frame has completed; the caller then clears the assembly. */
enum assembled {
	ASSEMBLED_INCOMPLETE, /* more frames follow */
	ASSEMBLED_NOTHING,    /* frames that follow no method of interest */
	ASSEMBLED_MESSAGE,    /* s->message, now the caller's; perhaps without its body */
	ASSEMBLED_RETURN,     /* no queue is bound for s->exchange and s->key */
	ASSEMBLED_NO_MEMORY,
	ASSEMBLED_INVALID,    /* more bytes than announced */
};

/* A method that announces a message starts it; its header and body frames complete it. */
void assembly_begin(struct assembly *s, const amqp_method_t *method);
enum assembled assembly_header(struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
enum assembled assembly_body(struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
/* Frees a message that is still incomplete. */
void assembly_clear(struct assembly *s);
/* The headers to keep when a message is copied; NULL: none. */
const amqp_table_t *message_table(const struct message *m);

/* ---- amqp_connection.c ---- */

/* Logs the reason (with what we were doing), closes the connection, and returns the matching
 * error. */
enum error amqp_fail(struct amqp *a, const char *doing, int status);
enum error amqp_fail_reply(struct amqp *a, const char *doing, amqp_rpc_reply_t reply);
/* The same for an unsolicited channel.close or connection.close; logs the broker's sentence. */
enum error amqp_fail_method(struct amqp *a, const char *doing, const amqp_method_t *method);
/* Connects, logs in, opens both channels. The connection must be closed. */
enum error amqp_open(struct amqp *a) MUST_CHECK;
enum error amqp_open_channel(struct amqp *a, int channel) MUST_CHECK;

/* ---- amqp_topology.c ---- */

/* Declares the topology on the consuming channel. After an error the connection is closed. */
enum error amqp_declare(struct amqp *a) MUST_CHECK;
/* What amqp_declare() does for one queue: its bindings, and that of the door. ERR_NOT_FOUND: the
 * exchange does not exist. */
enum error amqp_bind_keys(struct amqp *a, const struct amqp_queue *q) MUST_CHECK;
enum error amqp_bind_door(struct amqp *a) MUST_CHECK;

/* ---- amqp_check.c ---- */

/* Keeps the name for amqp_lost(). */
void amqp_set_lost(struct amqp *a, const char *name);

/* ---- amqp_frame.c ---- */

/* Reads and dispatches one frame; *any is false if none arrives within timeout_ms. After an error
 * the connection is closed. */
enum error amqp_pump(struct amqp *a, int timeout_ms, bool *any) MUST_CHECK;

/* ---- the library's types ---- */

static inline amqp_bytes_t
bytes_of(const char *text)
{
	return text == NULL ? amqp_empty_bytes : amqp_cstring_bytes(text);
}

static inline amqp_table_entry_t
text_entry(const char *name, const char *text)
{
	return (amqp_table_entry_t){ .key = amqp_cstring_bytes(name),
		.value = {
			.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(text) } };
}

static inline struct timeval
timeval_of_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

#endif
