/* alarms_get.c - GET /health/statement/alarms: what goes wrong in silence. */
#include "common/http/reply.h"
#include "domain/statement/alarms.h"
#include "handlers/statement/service.h"

struct reply *
alarms_get(struct request *r)
{
	struct statement_service *s = r->service;
	struct alarm *list;
	size_t count;
	enum error e = statement_alarms(s->db, r->arena, &list, &count);

	return e != OK ? reply_error(r, e) : reply_json(r, 200, alarms_json(list, count));
}
