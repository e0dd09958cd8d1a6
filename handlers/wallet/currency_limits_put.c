/* currency_limits_put.c - PUT /v1/wallets/limits?currency=EUR: replaces a currency's default
 * limits. */
#include "domain/ledger/limits.h"
#include "handlers/wallet/queries.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
currency_limits_put(struct request *r)
{
	struct wallet_service *s = r->service;
	struct limits limits;
	const char *currency = "";
	const struct field query[] = { CURRENCY_FIELD(&currency) };
	struct json_sent body;
	enum error e = request_read(r, query, 1, NULL, &body);

	if (body.value != NULL)
		e = faults_join(e, limits_read(body.value, &limits, NULL, &r->faults));
	if (e != OK || (e = limits_of_currency_set(s->pool, currency, &limits, &r->caller)) != OK)
		return reply_error(r, e);
	return reply_currency_limits(r, currency);
}
