/* facts.h - the events that Purse publishes about wallets, as bodies: transaction_created and
 * transaction_rejected. */
#ifndef DOMAIN_LEDGER_FACTS_H
#define DOMAIN_LEDGER_FACTS_H

#include <stddef.h>

#include "domain/ledger/outcome.h"

#define FACT_SOURCE_WALLET "/purse/wallet"
#define FACT_SOURCE_STATEMENT "/purse/statement"

/* transaction_created: the transaction as the API shows it, and its owner. Caller frees; NULL: no
 * memory. */
char *fact_created(const struct transaction *t, size_t *bytes) MUST_CHECK;

/* The data of transaction_rejected: why, and what was asked (JSON text, passed on digit for digit).
 * Caller frees. */
char *rejection_text(const struct uuid *id, const struct outcome *o, const char *key,
	const char *asked, size_t asked_bytes) MUST_CHECK;
/* The event around such data. The row that keeps them stands in for an id and a time that they do
 * not have, so that no row can stop those behind it; row_id may be NULL. Caller frees; NULL: no
 * memory, or no id at all. */
char *fact_rejected(const char *data, const char *row_id, instant_us row_at,
	size_t *bytes) MUST_CHECK;

#endif
