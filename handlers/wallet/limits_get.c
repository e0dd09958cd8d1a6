/* limits_get.c - GET /v1/wallets/{id}/limits: the limits in force for a wallet, and their usage. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
limits_get(struct request *r)
{
	enum error e = request_bind_query(r, NULL, 0);

	return e != OK ? reply_error(r, e) : reply_wallet_limits(r);
}
