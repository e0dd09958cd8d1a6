/* wallet_freeze_post.c - POST /v1/wallets/{id}/freeze: nothing leaves the wallet, or nothing moves
 * at all. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_freeze_post(struct request *r)
{
	return reply_change(r, KIND_FREEZE);
}
