/* GET /health/auth - does the service answer, and its database? */
#include "handlers/auth/service.h"

static const struct db_statement auth_ping_sql = { "auth_ping", "SELECT 1", DB_AGAIN };

struct reply *
health_get(struct request *r)
{
	const struct auth *auth = r->service;
	enum error e = db_query(auth->pool, &auth_ping_sql, DB_NO_VALUES, NULL);

	return e == OK ? reply_json(r, 200, json_pack("{s:s}", "status", "ok")) : reply_error(r, ERR_UNAVAILABLE);
}
