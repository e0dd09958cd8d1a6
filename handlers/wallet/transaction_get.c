/* transaction_get.c - GET /v1/transactions/{id}: one transaction. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
transaction_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct transaction t;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK ||
	    (e = transaction_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &t)) != OK)
		return reply_error(r, e);
	return reply_transaction(r, 200, &t);
}
