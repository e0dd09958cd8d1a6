/* batch_replies.h - what is answered about a batch: a result a place, or why none was posted. */
#ifndef HANDLERS_WALLET_BATCH_REPLIES_H
#define HANDLERS_WALLET_BATCH_REPLIES_H

#include "common/http/reply.h"
#include "domain/ledger/batch.h"

/* A result a place, in order: the transaction, or a problem document. */
struct reply *reply_results(struct request *r, int status, const struct batch *b);
/* The first refusal, with its place, as the whole answer: of a batch of which nothing was posted.
 * There must be one. */
struct reply *reply_first_refusal(struct request *r, const struct batch *b);

#endif
