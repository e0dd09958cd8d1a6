/* alarms_get.c - GET /health/wallet/alarms: what goes wrong in silence. */
#include "domain/ledger/alarms.h"
#include "handlers/wallet/service.h"

struct reply *
alarms_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct alarm *list;
	size_t count;
	enum error e = ledger_alarms(s->pool, r->arena, &list, &count);

	return e != OK ? reply_error(r, e) : reply_json(r, 200, alarms_json(list, count));
}
