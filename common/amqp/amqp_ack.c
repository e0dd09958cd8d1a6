/* amqp_ack.c - acknowledges and rejects messages. */
#include "common/amqp/amqp_private.h"

/* Asynchronous: the broker never answers. Only a later reply on this channel shows that it has read
 * the acknowledgement. */
enum error
amqp_ack(struct amqp *a, uint64_t tag, bool all_before)
{
	int status;

	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	status = amqp_basic_ack(a->connection, CHANNEL_CONSUME, tag, all_before);
	return status == AMQP_STATUS_OK ? OK : amqp_fail(a, "cannot acknowledge", status);
}

enum error
amqp_reject(struct amqp *a, uint64_t tag, bool requeue)
{
	int status;

	if (a->connection == NULL)
		return ERR_UNAVAILABLE;
	status = amqp_basic_reject(a->connection, CHANNEL_CONSUME, tag, requeue);
	return status == AMQP_STATUS_OK ? OK : amqp_fail(a, "cannot reject a message", status);
}
