/* health_get.c - GET /health/statement: checks that the service and its database respond. */
#include "common/http/reply.h"
#include "handlers/statement/service.h"

static const struct db_statement health_sql = { "health", "SELECT 1 FROM wallet LIMIT 1",
	DB_IDEMPOTENT };

/* GET /health/statement - for load balancers and monitors. */
struct reply *
statement_health(struct request *r)
{
	struct statement_service *s = r->service;
	enum error e = db_query(s->db, &health_sql, DB_NO_VALUES, NULL);

	if (e != OK)
		return reply_error(r, ERR_UNAVAILABLE);
	return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}
