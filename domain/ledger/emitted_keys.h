/* emitted_keys.h - finds the events that were posted when their key was the CloudEvents id alone
 * (sql/wallet/010): they keep that key, so that they are replays. */
#ifndef DOMAIN_LEDGER_EMITTED_KEYS_H
#define DOMAIN_LEDGER_EMITTED_KEYS_H

#include "common/db/db.h"
#include "domain/ledger/emitted.h"

/* Call after emitted_amount(). Costs a query only in a database that older versions have used. */
enum error emitted_keys_find(
	struct db *db, struct emitted *const events[], size_t count) MUST_CHECK;

#endif
