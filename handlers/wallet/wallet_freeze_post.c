/* wallet_freeze_post.c - POST /v1/wallets/{id}/freeze: stops debits, or all movements. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_freeze_post(struct request *r)
{
	return reply_change(r, KIND_FREEZE);
}
