/* limits_put.c - PUT /v1/wallets/{id}/limits: replaces a wallet's own limits and credit limit. */
#include "domain/ledger/changes.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
limits_put(struct request *r)
{
	struct wallet_service *s = r->service;
	struct limits limits;
	struct change change = { .id = uuid_v7(), .wallet = r->ids[0], .caller = &r->caller,
		.kind = KIND_LIMIT, .limits = &limits };
	struct outcome out;
	json_t *body;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK || (e = request_body(r, &body)) != OK ||
	    (e = limits_read(body, &limits, &change.reason, &r->faults)) != OK ||
	    (e = request_key(r, &change.key)) != OK ||
	    (e = wallet_change(s->pool, &change, r->arena, &out)) != OK)
		return reply_error(r, e);
	if (out.error != OK)
		return reply_refusal(r, NULL, &out);
	/* A replay shows the current limits, which may differ from those of the first reply. */
	return reply_replayed(r, reply_wallet_limits(r), out.replayed);
}
