/* amqp_private.h - what the files amqp*.c share: the connection's state and the functions between them. */
#ifndef COMMON_AMQP_AMQP_PRIVATE_H
#define COMMON_AMQP_AMQP_PRIVATE_H

#include <amqp.h>
#include <amqp_framing.h>

#include "common/amqp/amqp.h"

/* Taking and publishing have a channel each, so that a confirm never has to be picked out from between two frames of
 * a delivery. */
#define CHANNEL_TAKE 1
#define CHANNEL_PUBLISH 2
#define CHANNELS 3

/* Published and not settled; a power of two. */
#define WINDOW 8192

/* A message between its method frame and its last body frame. */
struct assembly {
	enum { ASSEMBLE_NOTHING, ASSEMBLE_MESSAGE, ASSEMBLE_RETURNED, ASSEMBLE_TOO_LARGE } what;
	uint64_t tag, expected, received;
	bool redelivered, asked; /* asked: the answer of basic.get */
	uint32_t waiting;
	char exchange[AMQP_NAME_MAX], key[AMQP_NAME_MAX];
	struct message *message; /* NULL until the header frame came */
};

struct amqp {
	char *url;                         /* as amqp_parse_url() left it: the address points into it */
	struct amqp_connection_info address;
	const struct amqp_topology *topology;
	amqp_connection_state_t connection; /* NULL: closed */
	bool blocked;                      /* the broker is short of memory or disk, and reads no more */
	char complaint[AMQP_NAME_MAX];     /* the last failure logged, so that it is logged once */

	struct assembly assembly[CHANNELS];
	struct message *inbox, **inbox_end;
	bool get_empty;
	bool consuming;

	struct outgoing *window[WINDOW];   /* by sequence number; NULL: settled */
	uint64_t next, oldest;             /* sequence numbers: to be given out, and of the oldest that may be unsettled */
	size_t unsettled;
};

/* Reads one frame and does what it says; *any is false where none came within timeout_ms. After an error the
 * connection is closed. */
enum error amqp_pump(struct amqp *a, int timeout_ms, bool *any) MUST_CHECK;
/* Logs why (with what we were doing), closes, and answers the error that it is. */
enum error amqp_fail(struct amqp *a, const char *doing, int status);
enum error amqp_fail_reply(struct amqp *a, const char *doing, amqp_rpc_reply_t reply);
/* The same for a channel.close or connection.close method that came by itself; logs the broker's sentence. */
enum error amqp_fail_method(struct amqp *a, const char *doing, const amqp_method_t *method);

enum error amqp_declare(struct amqp *a) MUST_CHECK;
enum error amqp_open_channel(struct amqp *a, int channel) MUST_CHECK;

/* Frames of a message, see amqp_message.c. */
void assembly_begin(struct assembly *s, const amqp_method_t *method);
enum error assembly_header(struct amqp *a, struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
enum error assembly_body(struct amqp *a, struct assembly *s, const amqp_frame_t *frame) MUST_CHECK;
void assembly_clear(struct assembly *s);
/* The headers worth keeping of a message that is copied; NULL: none. */
const amqp_table_t *message_table(const struct message *m);

/* Confirms, see amqp_publish.c. */
void window_settle(struct amqp *a, uint64_t tag, bool multiple, enum outgoing_state state);
void window_return(struct amqp *a, const char *exchange, const char *key);
void window_clear(struct amqp *a);

static inline amqp_bytes_t
bytes_of(const char *text)
{
	return text == NULL ? amqp_empty_bytes : amqp_cstring_bytes(text);
}

#endif
