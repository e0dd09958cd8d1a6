/* emitted_wallets.h - finds the wallets, and so the currencies, of the original system's events:
 * one query for many events. */
#ifndef DOMAIN_LEDGER_EMITTED_WALLETS_H
#define DOMAIN_LEDGER_EMITTED_WALLETS_H

#include "common/db/db.h"
#include "domain/ledger/emitted.h"

/* Sets `currency` if it is needed and can be found, and the wallet of an event that undoes a
 * transaction. Text is in the arena. ERR_OVERLOADED if that is full, or no connection is free. */
enum error emitted_wallets_find(struct db *db, struct emitted *const events[], size_t count,
	struct arena *arena) MUST_CHECK;

#endif
