/* outcome_json.h - what the answers about single and about many operations share. */
#ifndef HANDLERS_WALLET_OUTCOME_JSON_H
#define HANDLERS_WALLET_OUTCOME_JSON_H

#include "common/http/reply.h"
#include "domain/ledger/ledger.h"

/* On whose behalf a request operates: its caller, with his roles. */
void operation_by_caller(struct operation *op, const struct request *r);

/* The sentence for a refusal, in the arena; NULL: its title says it all. */
const char *refusal_detail(struct request *r, const struct outcome *out);
/* What a refusal tells beside: {"available":…} for lack of funds, {"limit":…} for a limit. Caller owns; may be empty. */
json_t *refusal_members(const struct outcome *out);

/* A refusal as the whole answer. */
struct reply *reply_refusal(struct request *r, const struct outcome *out);

#endif
