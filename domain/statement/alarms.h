/* alarms.h - the alarms of the statement database: see sql/statement/functions/alarms.sql. */
#ifndef DOMAIN_STATEMENT_ALARMS_H
#define DOMAIN_STATEMENT_ALARMS_H

#include "common/db/db_alarms.h"

/* The list is in the arena. */
enum error statement_alarms(struct db_pool *p, struct arena *arena, struct alarm **list,
	size_t *count) MUST_CHECK;
/* Without missing lines, which the consumer's thread reports. */
enum error statement_alarms_of_jobs(struct db_pool *p, struct arena *arena, struct alarm **list,
	size_t *count) MUST_CHECK;

#endif
