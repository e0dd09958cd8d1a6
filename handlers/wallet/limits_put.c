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
	struct json_sent body;
	enum error e = request_read(r, NULL, 0, &change.key, &body);

	if (body.value != NULL)
		e = faults_join(
			e, limits_read(body.value, &limits, &change.reason, &r->faults));
	if (e != OK || (e = wallet_change(s->pool, &change, r->arena, &out)) != OK)
		return reply_error(r, e);
	if (out.error != OK)
		return reply_refusal(r, NULL, &out);
	/* A replay shows the current limits, which may differ from those of the first reply. */
	return reply_replayed(r, reply_wallet_limits(r), out.replayed);
}
