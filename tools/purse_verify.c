/* purse_verify.c - `purse verify`: the proof. Recomputes everything from the rows and says which of them is wrong. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/config.h"
#include "tools/purse.h"
#include "tools/verify.h"

#define FINDINGS_SHOWN 200
#define BAR 40

void
finding(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	if (v->findings++ >= FINDINGS_SHOWN)
		return;
	if (v->live)
		fprintf(stderr, "\r%*s\r", BAR + 50, "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	v->shown = -1;
}

static void
progress_show(struct verify *v, int percents)
{
	char bar[BAR + 1];

	v->shown = percents;
	if (!v->live) {
		if (percents % 10 == 0)
			fprintf(stderr, "%3d %%: %" PRId64 " rows read\n", percents, v->rows_read);
		return;
	}
	for (int i = 0; i < BAR; i++)
		bar[i] = i < percents * BAR / 100 ? '#' : '.';
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3d %%  %" PRId64 " of %" PRId64 " rows ", bar, percents, v->rows_read, v->rows_expected);
}

void
progress_step(struct verify *v)
{
	int percents = 100;

	v->rows_read++;
	if (v->rows_read % 256 != 0 && v->rows_read != v->rows_expected)
		return;
	if (v->rows_read < v->rows_expected)
		percents = (int)(v->rows_read * 100 / v->rows_expected);
	if (percents != v->shown)
		progress_show(v, percents);
}

static enum error
check_print(const struct db_rows *row, void *context)
{
	finding(context, "%s", rows_text(row, 0, 0));
	return OK;
}

static enum error
checks_run(struct verify *v)
{
	if (v->live)
		fputc('\n', stderr);
	for (size_t i = 0; i < verify_check_count; i++) {
		enum error e = db_stream(v->wallet, verify_checks[i].statement, DB_NO_VALUES, check_print, v);

		if (e != OK)
			return e;
		fprintf(stderr, "checked: %s\n", verify_checks[i].what);
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

static enum error
wallet_work(struct db *db, void *context)
{
	static const struct db_statement *const begin[] = { &verify_snapshot_sql, &verify_settings_sql, &verify_wallets_sql, &verify_rows_sql };
	struct verify *v = context;
	DB_ROWS(rows);
	enum error e;

	if ((e = run_all(db, begin, sizeof begin / sizeof begin[0])) != OK ||
	    (e = db_execute(db, &verify_count_sql, DB_NO_VALUES, &rows)) != OK)
		return e;
	v->rows_expected = rows_number(rows, 0, 0);
	if ((e = verify_walk(v)) != OK)
		return e;
	return checks_run(v);
}

/* The statement's snapshot first: what it shows, the wallet database had before. */
static enum error
statement_work(struct db *db, void *context)
{
	static const struct db_statement *const begin[] = { &verify_snapshot_sql, &verify_settings_sql, &verify_take_sql, &verify_heads_sql, &verify_lines_sql };
	struct verify *v = context;
	enum error e = run_all(db, begin, sizeof begin / sizeof begin[0]);

	return e != OK ? e : db_transaction_on(v->wallet, DB_ONCE, wallet_work, v);
}

static int
verify_report(const struct verify *v, enum error e, int64_t ms)
{
	if (e != OK) {
		fprintf(stderr, "The databases could not be read to the end: nothing is proven.\n");
		return FAILED;
	}
	if (v->findings > FINDINGS_SHOWN)
		printf("… and %" PRId64 " more\n", v->findings - FINDINGS_SHOWN);
	printf("%" PRId64 " rows of %" PRId64 " wallets in %" PRId64 ".%" PRId64 " s: ", v->rows_read, v->wallets_read, ms / 1000,
		ms % 1000 / 100);
	if (v->findings > 0)
		printf("%" PRId64 " things are wrong.\n", v->findings);
	else
		printf("all is right.\n");
	if (v->lagging > 0)
		printf("The statement is %" PRId64 " lines behind.\n", v->lagging);
	return v->findings > 0 ? FAILED : DONE;
}

/* As verify_sql.c tells the server. */
#define STATEMENT_MS INT64_C(3600000)

int
verify(int argc, char **argv)
{
	struct verify v = { .live = isatty(STDERR_FILENO), .shown = -1 };
	int64_t begun = clock_monotonic_ms();
	enum error e = ERR_OVERLOADED;

	(void)argv;
	if (argc != 0)
		return MISUSED;
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
	return verify_report(&v, e, clock_monotonic_ms() - begun);
}
