/* alarms.c - reads the alarms of the statement database; see alarms.h. */
#include "domain/statement/alarms.h"

#include "common/base/config.h"

static const struct db_statement alarms_sql = { "statement_alarms",
	"SELECT code, subject, detail, since FROM statement_alarms($1, $2)", DB_IDEMPOTENT };

enum error
statement_alarms(struct db_pool *p, struct arena *arena, struct alarm **list, size_t *count)
{
	return db_alarms(p, &alarms_sql,
		DB_VALUES(db_number(config_number(OPT_RELAY_ALARM)),
			db_number(config_number(OPT_GAP_ALARM))),
		arena, list, count);
}

enum error
statement_alarms_of_jobs(struct db_pool *p, struct arena *arena, struct alarm **list, size_t *count)
{
	return db_alarms(p, &alarms_sql,
		DB_VALUES(db_number(config_number(OPT_RELAY_ALARM)), db_null()), arena, list,
		count);
}
