/* replies.h - answers that several endpoints give: transactions, refusals, limits. */
#ifndef HANDLERS_WALLET_REPLIES_H
#define HANDLERS_WALLET_REPLIES_H

#include "common/http/reply.h"
#include "domain/ledger/outcome.h"

struct reply *reply_transaction(struct request *r, int status, const struct transaction *t);
/* 201 with the transaction and, for a replay, its header; or the refusal. */
struct reply *reply_outcome(struct request *r, const struct outcome *out);
struct reply *reply_refusal(struct request *r, const struct outcome *out);
/* Adds Idempotent-Replayed to the answer of a replay. */
struct reply *reply_replayed(struct request *r, struct reply *reply, bool replayed);

/* A refusal as a problem document of its own, for answers that hold several. */
json_t *refusal_problem(struct request *r, const struct outcome *out);

/* Makes an operator's change of the wallet of the path, and answers it. */
struct reply *reply_change(struct request *r, enum kind kind);

/* The limits in force for the wallet of the path; of a currency. */
struct reply *reply_wallet_limits(struct request *r);
struct reply *reply_currency_limits(struct request *r, const char *currency);

#endif
