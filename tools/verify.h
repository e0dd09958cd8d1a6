/* verify.h - what the parts of `purse verify` share: the two databases, and how to report findings.
 *
 * Each database is read from one snapshot. The statement's is taken first: everything in it was
 * committed in the wallet database before, so the system can keep running. Lines that are still on
 * their way are counted; those that were published GAP_ALARM ago are reported as missing. */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "common/db/db.h"
#include "domain/ledger/seal_key.h"
#include "tools/progress.h"

struct verify {
	struct db *wallet, *statement;
	struct progress progress; /* of the rows read */
	int64_t wallets_read;
	int64_t lagging;  /* lines that the statement does not have yet */
	int64_t unsealed; /* rows that are not sealed yet */
	int64_t findings; /* number of errors found */
	const struct seal_head *exported; /* a head that was kept elsewhere; NULL: none */
	/* The wallet whose lines are wrong; "--all" if there are several. */
	char rebuild[UUID_TEXT];
};

/* The SQL statements, in verify_sql.c. */
extern const struct db_statement verify_snapshot_sql, verify_settings_sql, verify_count_sql,
	verify_take_sql, verify_wallets_sql, verify_rows_sql, verify_heads_sql, verify_lines_sql,
	verify_wallets_next_sql, verify_rows_next_sql, verify_heads_next_sql, verify_lines_next_sql;

/* Checks that run after the walk. */
struct verify_check {
	const char *what;
	const struct db_statement *statement; /* returns one text per finding */
};
struct verify_checks {
	const struct verify_check *list;
	size_t count;
};
#define VERIFY_CHECKS(array) { array, sizeof(array) / sizeof((array)[0]) }
/* Of the wallet database: what follows from the rows; what is set, and where programs stand; the
 * sealed history. Of the statement database: its wallets and jobs. */
extern const struct verify_checks verify_books, verify_settings, verify_seals, verify_statements;

/* Rows that a clock that ran ahead has dated; one text for each wallet. They are no errors. */
extern const struct db_statement verify_ahead_sql;

/* Checks the signatures of the sealed history, and the exported head. */
enum error verify_signatures(struct verify *v) MUST_CHECK;
/* Reads a head that `purse seal export` wrote. False after an error message. */
bool seal_head_load(const char *path, struct seal_head *h) MUST_CHECK;

/* Reports an error as one line on standard output; past a limit it only counts them. */
void finding(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Remembers that this wallet's lines are wrong, for a suggestion at the end. */
void finding_in_statement(struct verify *v, const char *wallet);
/* Prints the last lines. False if not everything could be read, or anything is wrong. */
bool verify_summary(const struct verify *v, bool complete, int64_t ms);

/* Walks through all rows of both databases by wallet and version, inside their transactions. */
enum error verify_walk(struct verify *v) MUST_CHECK;

#endif
