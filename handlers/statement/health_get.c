/* health_get.c - GET /health/statement: whether the service can do its work. */
#include "common/base/config.h"
#include "common/http/health.h"
#include "domain/statement/statements.h"
#include "handlers/statement/service.h"

static enum error
check(struct arena *arena, struct text *body)
{
	static struct db_pool *pool; /* of the one thread that checks */

	(void)arena;
	(void)body;
	if (pool == NULL)
		pool = db_pool_new(config_text(OPT_STATEMENT_DATABASE_URL), 1);
	return pool != NULL ? statements_health(pool) : ERR_OVERLOADED;
}

struct reply *
health_get(struct request *r)
{
	return health_ready(r, check);
}
