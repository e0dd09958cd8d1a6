/* GET /health/auth - checks that the service and its database respond. */
#include "handlers/auth/service.h"

struct reply *
health_get(struct request *r)
{
	enum error e = auth_ping(r->service);

	return e == OK ? reply_json(r, 200, json_pack("{s:s}", "status", "ok"))
		       : reply_error(r, ERR_UNAVAILABLE);
}
