/* split.h - posts a batch that took too long one by one, so that only what is slow fails.
 *
 * What is slow is nearly always a wallet that someone has locked. Each of its operations would wait
 * for the whole of DB_STATEMENT_TIMEOUT, so after the first one the others are not tried. */
#ifndef DOMAIN_LEDGER_SPLIT_H
#define DOMAIN_LEDGER_SPLIT_H

#include "common/db/db.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

/* Like ledger_post(), but operations that take too long have ERR_TOO_SLOW as their outcome, and so
 * have operations that were not tried because too many others did. ERR_TOO_SLOW: none was posted,
 * so the database as a whole is slow. */
enum error ledger_post_split(struct db *db, const struct operation *const operations[],
	size_t count, bool again, struct arena *arena, struct outcome outcomes[]) MUST_CHECK;

#endif
