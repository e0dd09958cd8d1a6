/* facts.h - the bodies of the events that Purse publishes about wallets: transaction_created and
 * transaction_rejected. */
#ifndef DOMAIN_LEDGER_FACTS_H
#define DOMAIN_LEDGER_FACTS_H

#include <stddef.h>

#include "common/base/event.h"
#include "domain/ledger/outcome.h"

#define FACT_SOURCE_WALLET "/purse/wallet"
#define FACT_SOURCE_STATEMENT "/purse/statement"

/* transaction_created: the transaction as the API shows it, plus its owner. The caller frees it;
 * NULL if out of memory. */
char *fact_created(const struct transaction *t, size_t *bytes) MUST_CHECK;

/* The data of transaction_rejected: the reason, which event was refused, and the request (JSON
 * text, passed on unchanged). detail: a sentence, or NULL for the error's own. The caller frees
 * it. */
char *rejection_text(const struct uuid *id, const struct outcome *o, const char *detail,
	const char *key, const struct event *event, const char *request,
	size_t request_bytes) MUST_CHECK;
/* transaction_rejected for a message that became a dead letter: `reason` is "code: sentence". Only
 * for its requester. The caller frees it. */
char *fact_dead(const char *reason, const void *body, size_t body_bytes, size_t *bytes) MUST_CHECK;
/* Wraps such data in an event. If the data lack an id or a time, the row's are used, so that no row
 * can block the rows after it; row_id may be NULL. The caller frees it; NULL if out of memory, or
 * if there is no id at all. */
char *fact_rejected(const char *data, const char *row_id, instant_us row_at,
	size_t *bytes) MUST_CHECK;

#endif
