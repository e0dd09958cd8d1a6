/* purse_amqp.h - the connection to RabbitMQ that commands of `purse` use. */
#ifndef TOOLS_PURSE_AMQP_H
#define TOOLS_PURSE_AMQP_H

#include "common/amqp/amqp.h"

/* Connected, or NULL after a sentence on stderr. The caller's to amqp_free(). */
struct amqp *purse_amqp_open(void);

#endif
