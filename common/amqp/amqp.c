/* amqp.c - the life of a connection: created, connected with its queues declared, freed. */
#include "common/amqp/amqp.h"

#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"
#include "common/base/log.h"

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
		log_error("AMQP_URL is invalid: expected amqp://user:password@host:port/vhost");
		amqp_free(a);
		return NULL;
	}
	return a;
}

void
amqp_free(struct amqp *a)
{
	if (a == NULL)
		return;
	/* Close with a handshake: after a cut connection, the broker might not have read the last
	 * acknowledgements and would redeliver finished work. A broker that is short of memory
	 * would not answer. */
	if (a->connection != NULL && !a->blocked)
		(void)amqp_connection_close(a->connection, AMQP_REPLY_SUCCESS);
	amqp_close(a);
	free(a->url);
	free(a);
}

/* Declares the topology on every connection: queues may have been deleted meanwhile. */
enum error
amqp_connect(struct amqp *a)
{
	enum error e;

	if (a->connection != NULL)
		return OK;
	if ((e = amqp_open(a)) != OK || (e = amqp_declare(a)) != OK)
		return e;
	if (a->last_failure[0] != '\0')
		log_info("reconnected to RabbitMQ");
	a->last_failure[0] = '\0';
	return OK;
}
