/* amqp.c - the connection to RabbitMQ: opened with a time limit, its frames read one by one, closed when it fails. */
#include "common/amqp/amqp.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* A peer that is silent for two of these is gone. Long enough for the slowest batch, during which nothing is read. */
#define HEARTBEAT_S 30
#define FRAME_BYTES 131072

static struct timeval
timeval_of_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

void
amqp_dead_name(const char *queue, char out[AMQP_NAME_MAX])
{
	(void)snprintf(out, AMQP_NAME_MAX, "%.240s.dead", queue);
}

struct amqp *
amqp_new(const char *url, const struct amqp_topology *topology)
{
	struct amqp *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->topology = topology;
	a->inbox_end = &a->inbox;
	a->url = strdup(url);
	if (a->url == NULL || amqp_parse_url(a->url, &a->address) != AMQP_STATUS_OK) {
		log_error("AMQP_URL is not an address of RabbitMQ: write amqp://user:password@host:port/vhost");
		amqp_free(a);
		return NULL;
	}
	return a;
}

void
amqp_close(struct amqp *a)
{
	struct message *m;

	if (a->connection != NULL) {
		(void)amqp_destroy_connection(a->connection);
		a->connection = NULL;
	}
	while ((m = a->inbox) != NULL) {
		a->inbox = m->next;
		message_free(m);
	}
	a->inbox_end = &a->inbox;
	for (int i = 0; i < CHANNELS; i++)
		assembly_clear(&a->assembly[i]);
	window_clear(a);
	a->blocked = a->consuming = false;
}

void
amqp_free(struct amqp *a)
{
	if (a == NULL)
		return;
	/* Said and answered, not only cut: of a connection that is cut the broker may not read the last acknowledgements, and
	 * give out again what was done. One that is short of memory would not answer. */
	if (a->connection != NULL && !a->blocked)
		(void)amqp_connection_close(a->connection, AMQP_REPLY_SUCCESS);
	amqp_close(a);
	free(a->url);
	free(a);
}

bool
amqp_connected(const struct amqp *a)
{
	return a->connection != NULL;
}

/* ---- failures ---- */

/* A broker that is away fails again and again: each sentence is an error once, then for debugging only. */
static void
complain(struct amqp *a, const char *doing, const char *why, size_t length)
{
	char sentence[AMQP_NAME_MAX];

	(void)snprintf(sentence, sizeof(sentence), "RabbitMQ: %s: %.*s", doing, (int)length, why);
	log_line(strcmp(sentence, a->complaint) == 0 ? LOG_DEBUG : LOG_ERROR, "%s", sentence);
	memcpy(a->complaint, sentence, sizeof(sentence));
}

enum error
amqp_fail(struct amqp *a, const char *doing, int status)
{
	const char *why = amqp_error_string2(status);

	complain(a, doing, why, strlen(why));
	amqp_close(a);
	return ERR_UNAVAILABLE;
}

static enum error
error_of_code(unsigned code)
{
	switch (code) {
	case AMQP_NOT_FOUND:
		return ERR_NOT_FOUND;
	case AMQP_PRECONDITION_FAILED:
	case AMQP_ACCESS_REFUSED:
	case AMQP_NOT_ALLOWED:
	case AMQP_NOT_IMPLEMENTED:
	case AMQP_COMMAND_INVALID:
	case AMQP_SYNTAX_ERROR:
		return ERR_INTERNAL;
	default:
		return ERR_UNAVAILABLE;
	}
}

enum error
amqp_fail_method(struct amqp *a, const char *doing, const amqp_method_t *method)
{
	enum error e = ERR_UNAVAILABLE;

	if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *c = method->decoded;
		complain(a, doing, c->reply_text.bytes, c->reply_text.len);
		e = error_of_code(c->reply_code);
	} else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *c = method->decoded;
		complain(a, doing, c->reply_text.bytes, c->reply_text.len);
		e = error_of_code(c->reply_code);
	} else {
		const char *name = amqp_method_name(method->id);
		complain(a, doing, name, strlen(name));
	}
	amqp_close(a);
	return e;
}

enum error
amqp_fail_reply(struct amqp *a, const char *doing, amqp_rpc_reply_t reply)
{
	if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.decoded != NULL)
		return amqp_fail_method(a, doing, &reply.reply);
	return amqp_fail(a, doing, reply.library_error);
}

/* ---- frames ---- */

static enum error
take_method(struct amqp *a, const amqp_frame_t *frame)
{
	const amqp_method_t *method = &frame->payload.method;

	switch (method->id) {
	case AMQP_BASIC_DELIVER_METHOD:
	case AMQP_BASIC_GET_OK_METHOD:
	case AMQP_BASIC_RETURN_METHOD:
		assembly_begin(&a->assembly[frame->channel], method);
		return OK;
	case AMQP_BASIC_GET_EMPTY_METHOD:
		a->get_empty = true;
		return OK;
	case AMQP_BASIC_ACK_METHOD: {
		const amqp_basic_ack_t *ack = method->decoded;
		window_settle(a, ack->delivery_tag, ack->multiple, OUTGOING_CONFIRMED);
		return OK;
	}
	case AMQP_BASIC_NACK_METHOD: {
		const amqp_basic_nack_t *nack = method->decoded;
		window_settle(a, nack->delivery_tag, nack->multiple, OUTGOING_REFUSED);
		return OK;
	}
	case AMQP_BASIC_CANCEL_OK_METHOD:
		a->consuming = false;
		return OK;
	case AMQP_CONNECTION_BLOCKED_METHOD:
		log_warn("RabbitMQ is short of memory or disk and takes nothing until that is over");
		a->blocked = true;
		return OK;
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		a->blocked = false;
		return OK;
	default: /* channel.close, connection.close, basic.cancel (the queue was removed), or nothing that we asked for */
		return amqp_fail_method(a, "the broker ended it", method);
	}
}

enum error
amqp_pump(struct amqp *a, int timeout_ms, bool *any)
{
	/* The library cuts what is left to whole milliseconds: without one more, the last of each wait would be spent polling. */
	struct timeval timeout = timeval_of_ms(timeout_ms > 0 ? timeout_ms + 1 : 0);
	amqp_frame_t frame;
	enum error e = OK;
	int status;

	*any = false;
	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	status = amqp_simple_wait_frame_noblock(a->connection, &frame, &timeout);
	if (status == AMQP_STATUS_TIMEOUT)
		return OK;
	if (status != AMQP_STATUS_OK)
		return amqp_fail(a, "connection lost", status);
	*any = true;
	if (frame.channel >= CHANNELS)
		return amqp_fail(a, "connection lost", AMQP_STATUS_BAD_AMQP_DATA);
	if (frame.frame_type == AMQP_FRAME_METHOD)
		e = take_method(a, &frame);
	else if (frame.frame_type == AMQP_FRAME_HEADER)
		e = assembly_header(a, &a->assembly[frame.channel], &frame);
	else if (frame.frame_type == AMQP_FRAME_BODY)
		e = assembly_body(a, &a->assembly[frame.channel], &frame);
	/* Everything of the frame has been copied. */
	if (a->connection != NULL)
		amqp_maybe_release_buffers_on_channel(a->connection, frame.channel);
	return e;
}

enum error
amqp_idle(struct amqp *a, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms, left = timeout_ms;
	enum error e;
	bool any;

	do {
		e = amqp_pump(a, (int)left, &any);
		left = until - clock_monotonic_ms();
	} while (e == OK && left > 0);
	return e;
}

/* ---- opening ---- */

static amqp_socket_t *
socket_new(struct amqp *a)
{
	const char *authorities;
	amqp_socket_t *s;

	if (!a->address.ssl)
		return amqp_tcp_socket_new(a->connection);
	s = amqp_ssl_socket_new(a->connection);
	authorities = getenv("SSL_CERT_FILE");
	if (s != NULL && amqp_ssl_socket_set_cacert(s, authorities != NULL ? authorities : "/etc/ssl/certs/ca-certificates.crt") != 0)
		return NULL;
	return s;
}

static enum error
log_in(struct amqp *a)
{
	const amqp_field_value_t yes = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 };
	/* Be told when the broker stops reading, and when a queue that we take from is removed. */
	amqp_table_entry_t able[2] = { { .key = amqp_cstring_bytes("connection.blocked"), .value = yes },
		{ .key = amqp_cstring_bytes("consumer_cancel_notify"), .value = yes } };
	amqp_table_entry_t entries[2] = {
		{ .key = amqp_cstring_bytes("capabilities"),
			.value = { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { 2, able } } },
		{ .key = amqp_cstring_bytes("connection_name"),
			.value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(program_invocation_short_name) } },
	};
	amqp_table_t properties = { 2, entries };
	amqp_rpc_reply_t reply = amqp_login_with_properties(a->connection, a->address.vhost, CHANNELS - 1, FRAME_BYTES,
		HEARTBEAT_S, &properties, AMQP_SASL_METHOD_PLAIN, a->address.user, a->address.password);

	return reply.reply_type == AMQP_RESPONSE_NORMAL ? OK : amqp_fail_reply(a, "cannot log in", reply);
}

enum error
amqp_open_channel(struct amqp *a, int channel)
{
	(void)amqp_channel_open(a->connection, (amqp_channel_t)channel);
	amqp_rpc_reply_t reply = amqp_get_rpc_reply(a->connection);

	return reply.reply_type == AMQP_RESPONSE_NORMAL ? OK : amqp_fail_reply(a, "cannot open a channel", reply);
}

static enum error
open_connection(struct amqp *a)
{
	struct timeval timeout = timeval_of_ms(config_number(OPT_AMQP_TIMEOUT));
	amqp_socket_t *s;
	enum error e;
	int status;

	a->connection = amqp_new_connection();
	s = a->connection == NULL ? NULL : socket_new(a);
	if (s == NULL)
		return amqp_fail(a, "cannot make a socket", a->address.ssl ? AMQP_STATUS_SSL_ERROR : AMQP_STATUS_NO_MEMORY);
	if ((status = amqp_socket_open_noblock(s, a->address.host, a->address.port, &timeout)) != AMQP_STATUS_OK)
		return amqp_fail(a, "cannot connect", status);
	(void)amqp_set_handshake_timeout(a->connection, &timeout);
	(void)amqp_set_rpc_timeout(a->connection, &timeout);
	if ((e = log_in(a)) != OK || (e = amqp_open_channel(a, CHANNEL_TAKE)) != OK
	    || (e = amqp_open_channel(a, CHANNEL_PUBLISH)) != OK)
		return e;
	if (amqp_confirm_select(a->connection, CHANNEL_PUBLISH) == NULL)
		return amqp_fail_reply(a, "cannot ask for confirms", amqp_get_rpc_reply(a->connection));
	a->next = a->oldest = 1;
	return OK;
}

enum error
amqp_connect(struct amqp *a)
{
	enum error e;

	if (a->connection != NULL)
		return OK;
	if ((e = open_connection(a)) != OK || (e = amqp_declare(a)) != OK)
		return e;
	if (a->complaint[0] != '\0')
		log_info("RabbitMQ is back");
	a->complaint[0] = '\0';
	return OK;
}
