/* amqp_private.h - what the files amqp*.c share: the connection's state and the functions between
 *them.
 *
 * Each file calls only those above it in this list; who finds something out answers it, and the
 *pump dispatches:
 *
 *	amqp_window.c, amqp_message.c   what is published and unconfirmed; a message out of its
 *frames: no I/O amqp_connection.c               opens, fails, closes amqp_ack.c, amqp_topology.c
 *acknowledges; declares exchange and queues amqp_frame.c                    the pump: reads a frame
 *and hands it to its owner amqp_publish.c, amqp_take.c     what callers do, over the pump amqp.c
 *from new to free */
#ifndef COMMON_AMQP_AMQP_PRIVATE_H
#define COMMON_AMQP_AMQP_PRIVATE_H

#include <amqp.h>
#include <amqp_framing.h>
#include <sys/time.h>

#include "common/amqp/amqp.h"

/* Taking and publishing have a channel each, so that a confirm never has to be picked out from
 * between two frames of a delivery. */
#define CHANNEL_TAKE 1
#define CHANNEL_PUBLISH 2
#define CHANNELS 3

/* Published and not settled; a power of two. */
#define WINDOW 8192

/* A message between its method frame and its last body frame. */
struct assembly {
	enum { ASSEMBLE_NOTHING, ASSEMBLE_MESSAGE, ASSEMBLE_RETURN, ASSEMBLE_TOO_LARGE } what;
	uint64_t tag, expected, received;
	bool redelivered, asked; /* asked: the answer of basic.get */
	uint32_t waiting;
	char exchange[AMQP_NAME_MAX], key[AMQP_NAME_MAX];
	struct message *message; /* NULL until the header frame came */
};

struct amqp {
	char *url; /* as amqp_parse_url() left it: the address points into it */
	struct amqp_connection_info address;
	const struct amqp_topology *topology;
	amqp_connection_state_t connection; /* NULL: closed */
	bool blocked; /* the broker is short of memory or disk, and reads no more */
	char last_failure[AMQP_NAME_MAX]; /* the last failure logged, so that it is logged once */

	struct assembly assembly[CHANNELS];
	struct message *inbox, **inbox_end;
	bool get_empty;
	bool consuming;

	struct outgoing *window[WINDOW];   /* by sequence number; NULL: settled */
	uint64_t next,
		oldest; /* sequence numbers: to be given out, and of the oldest that may be unsettled */
	size_t unsettled;
};

/* ---- amqp_window.c ---- */

/* Takes the next number for a message that is about to be sent; there must be room. */
void window_add(struct amqp *a, struct outgoing *m);
void window_settle(struct amqp *a, uint64_t tag, bool multiple, enum outgoing_state state);
void window_return(struct amqp *a, const char *exchange, const char *key);
void window_clear(struct amqp *a);

/* ---- amqp_message.c ---- */

/* What a frame has made complete; the caller clears the assembly then. */
enum assembled {
	ASSEMBLED_INCOMPLETE, /* more frames are to come */
	ASSEMBLED_NOTHING,    /* frames without a method of ours */
	ASSEMBLED_MESSAGE,    /* s->message, the caller's to take */
	ASSEMBLED_RETURN,     /* s->exchange and s->key did not lead to a queue */
	ASSEMBLED_TOO_LARGE,  /* s->tag, of s->expected bytes */
	ASSEMBLED_NO_MEMORY,
	ASSEMBLED_INVALID,    /* more bytes than were announced */
};

void assembly_begin(struct assembly *s, const amqp_method_t *method);
enum assembled assembly_header(struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
enum assembled assembly_body(struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
void assembly_clear(struct assembly *s);
/* The headers worth keeping of a message that is copied; NULL: none. */
const amqp_table_t *message_table(const struct message *m);

/* ---- amqp_connection.c ---- */

/* Logs the reason (with what we were doing), closes, and answers the error that it is. */
enum error amqp_fail(struct amqp *a, const char *doing, int status);
enum error amqp_fail_reply(struct amqp *a, const char *doing, amqp_rpc_reply_t reply);
/* The same for a channel.close or connection.close method that came by itself; logs the broker's
 * sentence. */
enum error amqp_fail_method(struct amqp *a, const char *doing, const amqp_method_t *method);
/* Connects, logs in, opens both channels. Only while closed. */
enum error amqp_open(struct amqp *a) MUST_CHECK;
enum error amqp_open_channel(struct amqp *a, int channel) MUST_CHECK;

/* ---- amqp_topology.c ---- */

enum error amqp_declare(struct amqp *a) MUST_CHECK;

/* ---- amqp_frame.c ---- */

/* Reads one frame and does what it says; *any is false if none came within timeout_ms. After an
 * error the connection is closed. */
enum error amqp_pump(struct amqp *a, int timeout_ms, bool *any) MUST_CHECK;

/* ---- values of the library ---- */

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
