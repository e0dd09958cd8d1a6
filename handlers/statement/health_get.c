/* health_get.c - GET /health/statement: whether the service's database answers. */
#include "common/http/reply.h"
#include "domain/statement/sql.h"
#include "handlers/statement/service.h"

/* GET /health/statement - for load balancers and monitors. */
struct reply *
statement_health(struct request *r)
{
	struct statement_service *s = r->service;
	enum error e = db_query(s->db, SQL_HEALTH, DB_NO_VALUES, NULL);

	if (e != OK)
		return reply_error(r, ERR_UNAVAILABLE);
	return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}
