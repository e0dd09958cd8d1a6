/* health_get.c - GET /health/wallet: whether the service can do its work. */
#include "handlers/wallet/service.h"

struct reply *
health_get(struct request *r)
{
	struct wallet_service *s = r->service;
	enum error e = wallets_health(s->pool);

	return e != OK ? reply_error(r, e) : reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}
