/* health_get.c - GET /health/auth: whether the service can do its work. */
#include "common/http/health.h"
#include "handlers/auth/service.h"

static enum error
check(struct arena *arena, struct text *body)
{
	static struct db_pool *pool; /* of the one thread that checks */

	(void)arena;
	(void)body;
	if (pool == NULL)
		pool = db_pool_new(config_text(OPT_AUTH_DATABASE_URL), 1);
	return pool != NULL ? auth_health(pool) : ERR_OVERLOADED;
}

struct reply *
health_get(struct request *r)
{
	return health_ready(r, check);
}
