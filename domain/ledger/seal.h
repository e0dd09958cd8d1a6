/* seal.h - seals the ledger's rows, and signs the head of the sealed history: see
 * sql/wallet/functions/seal.sql. */
#ifndef DOMAIN_LEDGER_SEAL_H
#define DOMAIN_LEDGER_SEAL_H

#include <stdbool.h>

#include "common/db/db.h"
#include "domain/ledger/seal_key.h"

/* Seals all rows that were committed before, by transactions that no earlier one still running can
 * overtake. Any number of copies can run at once. */
enum error seal_all(struct db *db) MUST_CHECK;
/* Signs the last seal, unless it is signed. */
enum error seal_sign(struct db *db, const struct seal_key *key) MUST_CHECK;

/* Seals every second and signs every minute until program_stopping(), then once more; with `once`,
 * only that. Needs WALLET_DATABASE_URL, but no broker. False if something failed (with `once`
 * only). */
bool seal_loop(bool once);

#endif
