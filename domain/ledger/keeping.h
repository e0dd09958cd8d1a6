/* keeping.h - forgets what the wallet database keeps for a time only. */
#ifndef DOMAIN_LEDGER_KEEPING_H
#define DOMAIN_LEDGER_KEEPING_H

#include "common/db/db.h"

/* Deletes refused events after REJECTION_KEEP, and the keys of whole batches after BATCH_KEY_KEEP,
 * in small commits. Any number of copies can run at once. */
enum error keeping_sweep(struct db *db) MUST_CHECK;

#endif
