/* verify.h - what the parts of `purse verify` share: the two databases, and how to report findings.
 *
 * Each database is read from one snapshot. The statement's is taken first: everything in it was
 * committed in the wallet database before, so the system can keep running. Lines that are still on
 * their way are counted, not reported as wrong. */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "common/db/db.h"

struct verify {
	struct db *wallet, *statement;
	int64_t rows_expected, rows_read, wallets_read;
	int64_t lagging;  /* lines that the statement does not have yet */
	int64_t findings; /* number of errors found */
	/* The wallet whose lines are wrong; "--all" if there are several. */
	char rebuild[UUID_TEXT];
	bool live;        /* stderr is a terminal: draw a progress bar */
	int shown;        /* the percentage last shown; -1: none */
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
extern const struct verify_check verify_checks[];
extern const size_t verify_check_count;

/* Reports an error as one line on standard output; past a limit it only counts them. */
void finding(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Remembers that this wallet's lines are wrong, for a suggestion at the end. */
void finding_in_statement(struct verify *v, const char *wallet);
/* Counts a row as read, and updates the progress. */
void progress_step(struct verify *v);
/* Prints the last lines. False if not everything could be read, or anything is wrong. */
bool verify_summary(const struct verify *v, bool complete, int64_t ms);

/* Walks through all rows of both databases by wallet and version, inside their transactions. */
enum error verify_walk(struct verify *v) MUST_CHECK;

#endif
