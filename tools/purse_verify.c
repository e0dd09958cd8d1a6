/* purse_verify.c - `purse verify`: recomputes everything from the rows, and reports each row that
 * is wrong. */
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "tools/purse.h"
#include "tools/verify.h"

static enum error
check_print(const struct db_rows *row, void *context)
{
	finding(context, "%s", rows_text(row, 0, 0));
	return OK;
}

static enum error
note_print(const struct db_rows *row, void *context)
{
	(void)context;
	printf("%s.\n", rows_text(row, 0, 0));
	return OK;
}

static enum error
checks_run(struct verify *v, struct db *db, const struct verify_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		enum error e = db_stream(
			db, checks->list[i].statement, DB_NO_VALUES, check_print, v);

		if (e != OK)
			return e;
		fprintf(stderr, "checked: %s\n", checks->list[i].what);
	}
	return OK;
}

static enum error
run_all(struct db *db, const struct db_statement *const statements[], size_t count)
{
	enum error e = OK;

	for (size_t i = 0; i < count && e == OK; i++)
		e = db_execute(db, statements[i], DB_NO_VALUES, NULL);
	return e;
}

/* Cursors live as long as their transaction, so everything happens inside. */
static enum error
wallet_work(struct db *db, void *context)
{
	static const struct db_statement *const begin[] = { &verify_snapshot_sql,
		&verify_settings_sql, &verify_wallets_sql, &verify_rows_sql };
	struct verify *v = context;
	DB_ROWS(rows);
	enum error e;

	if ((e = run_all(db, begin, sizeof begin / sizeof begin[0])) != OK ||
	    (e = db_execute(db, &verify_count_sql, DB_NO_VALUES, &rows)) != OK)
		return e;
	progress_begin(&v->progress, "rows", rows_number(rows, 0, 0));
	if ((e = verify_walk(v)) != OK)
		return e;
	progress_end(&v->progress);
	if ((e = checks_run(v, db, &verify_books)) != OK ||
	    (e = checks_run(v, db, &verify_settings)) != OK ||
	    (e = checks_run(v, db, &verify_seals)) != OK ||
	    (e = db_stream(db, &verify_ahead_sql, DB_NO_VALUES, note_print, NULL)) != OK)
		return e;
	return verify_signatures(v);
}

/* Takes the statement's snapshot first: everything in it was in the wallet database before.
 * DB_ONCE: findings are printed as they come, and a second run would print them again. */
static enum error
statement_work(struct db *db, void *context)
{
	static const struct db_statement *const begin[] = { &verify_snapshot_sql,
		&verify_settings_sql, &verify_take_sql, &verify_heads_sql, &verify_lines_sql };
	struct verify *v = context;
	enum error e = run_all(db, begin, sizeof begin / sizeof begin[0]);

	if (e != OK || (e = db_transaction_on(v->wallet, DB_ONCE, wallet_work, v)) != OK)
		return e;
	return checks_run(v, db, &verify_statements);
}

/* The same as statement_timeout in verify_sql.c. */
#define STATEMENT_MS INT64_C(3600000)

int
verify(int argc, char **argv)
{
	struct verify v = { 0 };
	struct seal_head exported;
	int64_t started = clock_monotonic_ms();
	enum error e = ERR_INTERNAL; /* out of memory */

	if (argc != 0 && (argc != 2 || strcmp(argv[0], "--head") != 0))
		return MISUSED;
	if (argc == 2) {
		if (!seal_head_load(argv[1], &exported))
			return FAILED;
		v.exported = &exported;
	}
	if (!config_require(OPT_WALLET_DATABASE_URL) || !config_require(OPT_STATEMENT_DATABASE_URL))
		return FAILED;
	v.wallet = db_new(config_text(OPT_WALLET_DATABASE_URL));
	v.statement = db_new(config_text(OPT_STATEMENT_DATABASE_URL));
	if (v.wallet != NULL && v.statement != NULL) {
		db_set_statement_timeout(v.wallet, STATEMENT_MS);
		db_set_statement_timeout(v.statement, STATEMENT_MS);
		e = db_transaction_on(v.statement, DB_ONCE, statement_work, &v);
	}
	db_free(v.wallet);
	db_free(v.statement);
	return verify_summary(&v, e == OK, clock_monotonic_ms() - started) ? DONE : FAILED;
}
