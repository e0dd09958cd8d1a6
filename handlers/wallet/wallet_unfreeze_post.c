/* wallet_unfreeze_post.c - POST /v1/wallets/{id}/unfreeze: makes the wallet usable again. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_unfreeze_post(struct request *r)
{
	return reply_change(r, KIND_UNFREEZE);
}
