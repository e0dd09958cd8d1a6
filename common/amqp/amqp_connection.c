/* amqp_connection.c - the connection to RabbitMQ: opened with a timeout, closed as soon as it
 * fails. */
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* A peer that is silent for two of these is considered dead. While a consumer handles a batch,
 * consumer_watch.c serves the connection. */
#define HEARTBEAT_S 10
/* RabbitMQ's own maximum by default; the smaller wish of the two sides counts. */
#define FRAME_BYTES 131072

bool
amqp_connected(const struct amqp *a)
{
	return a->connection != NULL;
}

/* Without a handshake: the peer may be dead, and a wait here would hold up the reconnect. */
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

/* ---- failures ---- */

/* An unavailable broker fails repeatedly: a repeated sentence is logged at debug level
 * only. */
static void
log_failure(struct amqp *a, const char *doing, const char *why, size_t length)
{
	char sentence[AMQP_NAME_MAX];

	(void)snprintf(sentence, sizeof(sentence), "RabbitMQ: %s: %.*s", doing, (int)length, why);
	log_line(strcmp(sentence, a->last_failure) == 0 ? LOG_DEBUG : LOG_ERROR, "%s", sentence);
	memcpy(a->last_failure, sentence, sizeof(sentence));
}

enum error
amqp_fail(struct amqp *a, const char *doing, int status)
{
	const char *why = amqp_error_string2(status);

	log_failure(a, doing, why, strlen(why));
	amqp_close(a);
	return ERR_UNAVAILABLE;
}

/* Reply codes of AMQP 0-9-1. What a retry cannot change is ours to fix; the rest can pass. */
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
		log_failure(a, doing, c->reply_text.bytes, c->reply_text.len);
		e = error_of_code(c->reply_code);
	} else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *c = method->decoded;
		log_failure(a, doing, c->reply_text.bytes, c->reply_text.len);
		e = error_of_code(c->reply_code);
	} else {
		const char *name = amqp_method_name(method->id);
		log_failure(a, doing, name, strlen(name));
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

/* ---- opening ---- */

/* The library checks certificate and host name unless told otherwise; it only needs authorities. */
static amqp_socket_t *
socket_new(struct amqp *a)
{
	const char *authorities = getenv("SSL_CERT_FILE");
	amqp_socket_t *s;

	if (!a->address.ssl)
		return amqp_tcp_socket_new(a->connection);
	if (authorities == NULL)
		authorities = "/etc/ssl/certs/ca-certificates.crt";
	s = amqp_ssl_socket_new(a->connection);
	if (s != NULL && amqp_ssl_socket_set_cacert(s, authorities) != 0)
		return NULL;
	return s;
}

static enum error
log_in(struct amqp *a)
{
	const amqp_field_value_t yes = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 };
	/* The broker then reports that it stops reading, or that our queue was deleted. */
	amqp_table_entry_t capabilities[2] = {
		{ .key = amqp_cstring_bytes("connection.blocked"), .value = yes },
		{ .key = amqp_cstring_bytes("consumer_cancel_notify"), .value = yes },
	};
	amqp_table_entry_t entries[2] = {
		{ .key = amqp_cstring_bytes("capabilities"),
			.value = { .kind = AMQP_FIELD_KIND_TABLE,
				.value.table = { 2, capabilities } } },
		text_entry("connection_name", program_invocation_short_name),
	};
	amqp_table_t properties = { 2, entries };
	/* CHANNELS - 1 is the highest channel number that we use. */
	amqp_rpc_reply_t reply = amqp_login_with_properties(a->connection, a->address.vhost,
		CHANNELS - 1, FRAME_BYTES, HEARTBEAT_S, &properties, AMQP_SASL_METHOD_PLAIN,
		a->address.user, a->address.password);

	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return OK;
	return amqp_fail_reply(a, "cannot log in", reply);
}

/* The call's own result says less than the reply that it leaves behind. */
enum error
amqp_open_channel(struct amqp *a, int channel)
{
	amqp_rpc_reply_t reply;

	(void)amqp_channel_open(a->connection, (amqp_channel_t)channel);
	reply = amqp_get_rpc_reply(a->connection);
	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return OK;
	return amqp_fail_reply(a, "cannot open a channel", reply);
}

enum error
amqp_open(struct amqp *a)
{
	struct timeval timeout = timeval_of_ms(config_number(OPT_AMQP_TIMEOUT));
	amqp_socket_t *s;
	enum error e;
	int status;

	a->connection = amqp_new_connection();
	s = a->connection == NULL ? NULL : socket_new(a);
	if (s == NULL)
		return amqp_fail(a, "cannot create a socket",
			a->address.ssl ? AMQP_STATUS_SSL_ERROR : AMQP_STATUS_NO_MEMORY);
	status = amqp_socket_open_noblock(s, a->address.host, a->address.port, &timeout);
	if (status != AMQP_STATUS_OK)
		return amqp_fail(a, "cannot connect", status);
	(void)amqp_set_handshake_timeout(a->connection, &timeout);
	(void)amqp_set_rpc_timeout(a->connection, &timeout);
	if ((e = log_in(a)) != OK || (e = amqp_open_channel(a, CHANNEL_CONSUME)) != OK ||
		(e = amqp_open_channel(a, CHANNEL_PUBLISH)) != OK)
		return e;
	if (amqp_confirm_select(a->connection, CHANNEL_PUBLISH) == NULL)
		return amqp_fail_reply(a, "cannot enable publisher confirms",
			amqp_get_rpc_reply(a->connection));
	a->next = a->oldest = 1; /* RabbitMQ counts from confirm.select on */
	return OK;
}

/* ---- what is gone from the broker ---- */

void
amqp_set_lost(struct amqp *a, const char *name)
{
	(void)snprintf(a->lost, sizeof(a->lost), "%s", name);
}

const char *
amqp_lost(struct amqp *a)
{
	if (a->lost[0] == '\0')
		return NULL;
	memcpy(a->lost_told, a->lost, sizeof(a->lost));
	a->lost[0] = '\0';
	return a->lost_told;
}
