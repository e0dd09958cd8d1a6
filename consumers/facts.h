/* facts.h - the events that Purse publishes about wallets, as bodies: transaction_created and transaction_rejected. */
#ifndef CONSUMERS_FACTS_H
#define CONSUMERS_FACTS_H

#include <jansson.h>

#include "handlers/wallet/ledger.h"

#define FACT_SOURCE_WALLET "/purse/wallet"
#define FACT_SOURCE_STATEMENT "/purse/statement"

/* transaction_created: the transaction as the API shows it, and its owner. Caller frees; NULL: no memory. */
char *fact_created(const struct posting *p, size_t *bytes) MUST_CHECK;

/* The data of transaction_rejected: why, and what was asked. `asked` is borrowed. Caller owns; NULL: no memory. */
json_t *rejection_json(const struct uuid *id, const struct outcome *o, const char *key, const json_t *asked) MUST_CHECK;
/* The event around such data, which it takes over. */
char *fact_rejected(json_t *data, size_t *bytes) MUST_CHECK;

#endif
