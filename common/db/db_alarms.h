/* db_alarms.h - alarms that an SQL function returns as rows of code, subject, detail, since. */
#ifndef COMMON_DB_DB_ALARMS_H
#define COMMON_DB_DB_ALARMS_H

#include "common/base/alarm.h"
#include "common/db/db.h"

/* Runs a statement that returns such rows. The list is in the arena. */
enum error db_alarms(struct db_pool *p, const struct db_statement *statement,
	const struct db_value *values, size_t count, struct arena *arena, struct alarm **list,
	size_t *length) MUST_CHECK;

#endif
