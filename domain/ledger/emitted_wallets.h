/* emitted_wallets.h - which wallet, and so which currency, the original system's events mean: asked
 * of the database for many events at once. */
#ifndef DOMAIN_LEDGER_EMITTED_WALLETS_H
#define DOMAIN_LEDGER_EMITTED_WALLETS_H

#include "common/db/db.h"
#include "domain/ledger/emitted.h"

/* Sets `currency` where it can be known and is needed, and the wallet of what undoes a transaction.
 * Text is in the arena; ERR_OVERLOADED: it is full, or a connection is missing. */
enum error emitted_wallets_find(struct db *db, struct emitted *const events[], size_t count,
	struct arena *arena) MUST_CHECK;

#endif
