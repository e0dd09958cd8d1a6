/* wallet_close_post.c - POST /v1/wallets/{id}/close: closes an empty wallet forever. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_close_post(struct request *r)
{
	return reply_change(r, KIND_CLOSE);
}
