/* alarms.c - reads the alarms of the wallet database; see alarms.h. */
#include "domain/ledger/alarms.h"

#include "common/base/config.h"

static const struct db_statement alarms_sql = { "wallet_alarms",
	"SELECT code, subject, detail, since FROM wallet_alarms($1)", DB_IDEMPOTENT };

enum error
ledger_alarms(struct db_pool *p, struct arena *arena, struct alarm **list, size_t *count)
{
	return db_alarms(p, &alarms_sql, DB_VALUES(db_number(config_number(OPT_RELAY_ALARM))),
		arena, list, count);
}
