/* alarms_get.c - GET /health/wallet/alarms: what goes wrong in silence. */
#include "common/base/config.h"
#include "common/http/health.h"
#include "domain/ledger/alarms.h"
#include "handlers/wallet/service.h"

static enum error
check(struct arena *arena, struct text *body)
{
	static struct db_pool *pool; /* of the one thread that checks */
	struct alarm *list;
	size_t count;
	enum error e;

	if (pool == NULL)
		pool = db_pool_new(config_text(OPT_WALLET_DATABASE_URL), 1);
	if (pool == NULL)
		return ERR_OVERLOADED;
	if ((e = ledger_alarms(pool, arena, &list, &count)) == OK)
		text_add_value(body, alarms_json(list, count));
	return body->failed ? ERR_OVERLOADED : e;
}

struct reply *
alarms_get(struct request *r)
{
	return health_alarms(r, check);
}
