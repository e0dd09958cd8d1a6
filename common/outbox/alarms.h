/* alarms.h - logs what goes wrong in silence, while it lasts.
 *
 * A database's alarms are rows of an SQL function of its own (functions/alarms.sql): code, subject,
 * detail, since. Queues that are nearly full are seen here, and kept in the first database, where
 * health finds them. */
#ifndef COMMON_OUTBOX_ALARMS_H
#define COMMON_OUTBOX_ALARMS_H

#include <stddef.h>

#include "common/amqp/amqp.h"
#include "common/base/arena.h"
#include "common/base/config.h"
#include "common/db/db_alarms.h"

/* Reads the alarms of a database. */
typedef enum error alarms_read(struct db_pool *p, struct arena *arena, struct alarm **list,
	size_t *count);

struct alarm_source {
	enum option url; /* left out if not set */
	alarms_read *read;
};

/* Checks every few seconds, and logs "alarm: …" at once and then every minute, until
 * program_stopping(). The first source is the one that keeps the alarms about the topology's
 * queues. */
void alarms_watch(const struct alarm_source sources[], size_t count,
	const struct amqp_topology *topology);

#endif
