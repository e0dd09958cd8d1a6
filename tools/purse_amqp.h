/* purse_amqp.h - the connection to RabbitMQ for commands of `purse`. */
#ifndef TOOLS_PURSE_AMQP_H
#define TOOLS_PURSE_AMQP_H

#include "common/amqp/amqp.h"

/* Connects, or returns NULL after a message on stderr. The caller calls amqp_free(). */
struct amqp *purse_amqp_open(void);

#endif
