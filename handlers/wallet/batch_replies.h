/* batch_replies.h - replies to a batch: one result per place, or why nothing was posted. */
#ifndef HANDLERS_WALLET_BATCH_REPLIES_H
#define HANDLERS_WALLET_BATCH_REPLIES_H

#include "common/http/reply.h"
#include "domain/ledger/batch.h"

/* One result per place, in order: the transaction, or a problem document. */
struct reply *reply_results(struct request *r, int status, const struct batch *b);
/* The first refusal and its index, as the whole reply to a batch of which nothing was posted. There
 * must be a refusal. */
struct reply *reply_first_refusal(struct request *r, const struct batch *b);

#endif
