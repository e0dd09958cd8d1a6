/* currency_limits_get.c - GET /v1/wallets/limits?currency=EUR: the default limits of a currency. */
#include "handlers/wallet/queries.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
currency_limits_get(struct request *r)
{
	const char *currency = "";
	const struct field query[] = { CURRENCY_FIELD(&currency) };
	enum error e = request_bind_query(r, query, 1);

	return e != OK ? reply_error(r, e) : reply_currency_limits(r, currency);
}
