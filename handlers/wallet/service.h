/* service.h - what the wallet's handlers share: the service's state, and their declarations for the
 * route table. */
#ifndef HANDLERS_WALLET_SERVICE_H
#define HANDLERS_WALLET_SERVICE_H

#include "common/http/reply.h"
#include "common/http/service.h"
#include "domain/ledger/poster.h"
#include "domain/ledger/wallets.h"

/* Opened at start, then constant: threads share it without locks. A pool of its own for batches
 * keeps a long one from starving the reads. */
struct wallet_service {
	struct db_pool *pool;   /* for all reads, and for opening wallets */
	struct poster *poster;  /* for single operations */
	struct db_pool *ledger; /* for batches and dry runs */
};

/* The owner whose data the caller can see: themselves, or NULL for everyone's. */
static inline const struct uuid *
caller_scope(const struct request *r)
{
	return caller_reads_all(&r->caller) ? NULL : &r->caller.user;
}

handler wallet_post, wallet_list_get, wallet_get, balance_get;
handler wallet_freeze_post, wallet_unfreeze_post, wallet_close_post, hold_list_get, balances_get;
handler limits_get, limits_put, currency_limits_get, currency_limits_put;
handler batch_post;
handler transaction_post, transaction_get, transaction_list_get;
handler health_get, alarms_get;

#endif
