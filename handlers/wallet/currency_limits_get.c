/* currency_limits_get.c - GET /v1/wallets/limits?currency=EUR: the default limits of a currency. */
#include "handlers/wallet/queries.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
currency_limits_get(struct request *r)
{
	const char *currency;
	enum error e = currency_read(r, &currency);

	return e != OK ? reply_error(r, e) : reply_currency_limits(r, currency);
}
