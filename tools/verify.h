/* verify.h - what the parts of `purse verify` share: the two databases, and where a finding goes.
 *
 * Each database is read from one snapshot, the statement's taken first: whatever it shows was
 * committed in the wallet database before, so the system may work meanwhile. Lines that are still
 * on their way are counted, not faulted. */
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

/* The statements, in verify_sql.c. */
extern const struct db_statement verify_snapshot_sql, verify_settings_sql, verify_count_sql,
	verify_take_sql, verify_wallets_sql, verify_rows_sql, verify_heads_sql, verify_lines_sql,
	verify_wallets_next_sql, verify_rows_next_sql, verify_heads_next_sql, verify_lines_next_sql;

/* What is checked behind the walk. */
struct verify_check {
	const char *what;
	const struct db_statement *statement; /* a sentence for each finding */
};
extern const struct verify_check verify_checks[];
extern const size_t verify_check_count;

/* Says what is wrong, a line each on standard output; of very many only the first. */
void finding(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Another row is read. */
void progress_step(struct verify *v);
/* The last lines. False if the databases could not be read completely, or anything is wrong. */
bool verify_summary(const struct verify *v, bool complete, int64_t ms);

/* Goes through all rows of both databases in the order of wallet and version, inside their
 * transactions. */
enum error verify_walk(struct verify *v) MUST_CHECK;

#endif
