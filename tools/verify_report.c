/* verify_report.c - the output of `purse verify`: findings, progress, and the summary. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/verify.h"

/* One fault can make every row after it wrong; more lines would hide the first. */
#define FINDINGS_SHOWN 200

/* On standard output, so that it can be kept in a file while the progress stays on the terminal. */
void
finding(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	if (v->findings++ >= FINDINGS_SHOWN)
		return;
	progress_clear(&v->progress);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void
finding_in_statement(struct verify *v, const char *wallet)
{
	if (v->rebuild[0] != '\0' && strcmp(v->rebuild, wallet) != 0)
		wallet = "--all";
	(void)snprintf(v->rebuild, sizeof v->rebuild, "%s", wallet);
}

bool
verify_summary(const struct verify *v, bool complete, int64_t ms)
{
	if (!complete) {
		fprintf(stderr, "Could not read both databases completely: nothing is verified.\n");
		return false;
	}
	if (v->findings > FINDINGS_SHOWN)
		printf("… and %" PRId64 " more\n", v->findings - FINDINGS_SHOWN);
	printf("%" PRId64 " rows of %" PRId64 " wallets in %" PRId64 ".%" PRId64 " s: ",
		v->progress.done, v->wallets_read, ms / 1000, ms % 1000 / 100);
	if (v->findings > 0)
		printf("%" PRId64 " errors found.\n", v->findings);
	else
		printf("no errors found.\n");
	if (v->rebuild[0] != '\0')
		printf("To make the statement equal to the ledger again:"
		       " purse statement rebuild %s%s\n",
			v->rebuild[0] == '-' ? "" : "--wallet ", v->rebuild);
	if (v->lagging > 0)
		printf("The statement is %" PRId64 " lines behind.\n", v->lagging);
	if (v->unsealed > 0)
		printf("%" PRId64 " rows are not sealed yet.\n", v->unsealed);
	return v->findings == 0;
}
