/* alarms.h - the alarms of the wallet database: see sql/wallet/functions/alarms.sql. */
#ifndef DOMAIN_LEDGER_ALARMS_H
#define DOMAIN_LEDGER_ALARMS_H

#include "common/db/db_alarms.h"

/* The list is in the arena. */
enum error ledger_alarms(struct db_pool *p, struct arena *arena, struct alarm **list,
	size_t *count) MUST_CHECK;

#endif
