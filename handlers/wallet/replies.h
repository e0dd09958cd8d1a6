/* replies.h - replies that several endpoints share: transactions, refusals, limits. */
#ifndef HANDLERS_WALLET_REPLIES_H
#define HANDLERS_WALLET_REPLIES_H

#include "common/http/reply.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

struct reply *reply_transaction(struct request *r, int status, const struct transaction *t);
/* 201 with the transaction, marked if it is a replay; or the refusal. */
struct reply *reply_outcome(struct request *r, const struct outcome *out);
/* `op` is the refused operation, or NULL for an operator's change. */
struct reply *reply_refusal(
	struct request *r, const struct operation *op, const struct outcome *out);
/* Adds Idempotent-Replayed if this is a replay. */
struct reply *reply_replayed(struct request *r, struct reply *reply, bool replayed);

/* A refusal as a separate problem document, for replies that contain several. */
json_t *refusal_problem(
	struct request *r, const struct operation *op, const struct outcome *out);

/* Makes an operator's change to the wallet in the path, and replies to it. */
struct reply *reply_change(struct request *r, enum kind kind);

/* The limits in force for the wallet in the path; the limits of a currency. */
struct reply *reply_wallet_limits(struct request *r);
struct reply *reply_currency_limits(struct request *r, const char *currency);

#endif
