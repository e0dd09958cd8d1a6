/* verify.h - what the parts of `purse verify` share: the two databases, and where a finding goes.
 *
 * Each database is read from one snapshot, the statement's taken first: whatever it shows was committed in the wallet
 * database before, so the system may work meanwhile. Lines that are still on their way are counted, not faulted. */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "common/db/db.h"

struct verify {
	struct db *wallet, *statement;
	int64_t rows_expected, rows_read, wallets_read;
	int64_t lagging;  /* lines that the statement does not have yet */
	int64_t findings; /* what is wrong */
	bool live;        /* progress goes to a terminal */
	int shown;        /* percents */
};

/* Statements of both databases, by name; the texts are in verify_sql.c. */
enum verify_wallet_sql {
	VW_SNAPSHOT, VW_SETTINGS, VW_COUNT, VW_WALLETS, VW_ROWS, VW_WALLETS_NEXT, VW_ROWS_NEXT, VW_CHECKS,
	VW_HELD = VW_CHECKS, VW_HOLDS, VW_UNDONE, VW_SIDES, VW_SUMS, VW_END
};
enum verify_statement_sql { VS_SNAPSHOT, VS_SETTINGS, VS_TAKE, VS_HEADS, VS_LINES, VS_HEADS_NEXT, VS_LINES_NEXT, VS_END };
extern const struct db_statement verify_wallet_sql[VW_END];
extern const struct db_statement verify_statement_sql[VS_END];

/* Says what is wrong, a line each on standard output; of very many only the first. */
void finding(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Another row is read. */
void progress_step(struct verify *v);

/* Goes through all rows of both databases in the order of wallet and version, inside their transactions. */
enum error verify_walk(struct verify *v) MUST_CHECK;

#endif
