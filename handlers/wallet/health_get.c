/* health_get.c - GET /health/wallet: whether the service can do its work. */
#include "common/http/health.h"
#include "handlers/wallet/service.h"

static enum error
check(struct arena *arena, struct text *body)
{
	static struct db_pool *pool; /* of the one thread that checks */

	(void)body;
	if (pool == NULL)
		pool = db_pool_new(config_text(OPT_WALLET_DATABASE_URL), 1);
	return pool != NULL ? wallets_health(pool, arena) : ERR_OVERLOADED;
}

struct reply *
health_get(struct request *r)
{
	return health_ready(r, check);
}
