/* wallet_unfreeze_post.c - POST /v1/wallets/{id}/unfreeze: it may be used again. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_unfreeze_post(struct request *r)
{
	return reply_change(r, KIND_UNFREEZE);
}
