/* verify_report.c - what `purse verify` says: findings, progress, and the summary. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

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
	fprintf(stderr, "\r[%s] %3d %%  %" PRId64 " of %" PRId64 " rows ", bar, percents,
		v->rows_read, v->rows_expected);
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

bool
verify_summary(const struct verify *v, bool complete, int64_t ms)
{
	if (!complete) {
		fprintf(stderr, "The databases could not be read to the end: nothing is proven.\n");
		return false;
	}
	if (v->findings > FINDINGS_SHOWN)
		printf("… and %" PRId64 " more\n", v->findings - FINDINGS_SHOWN);
	printf("%" PRId64 " rows of %" PRId64 " wallets in %" PRId64 ".%" PRId64 " s: ",
		v->rows_read, v->wallets_read, ms / 1000, ms % 1000 / 100);
	if (v->findings > 0)
		printf("%" PRId64 " things are wrong.\n", v->findings);
	else
		printf("all is right.\n");
	if (v->lagging > 0)
		printf("The statement is %" PRId64 " lines behind.\n", v->lagging);
	return v->findings == 0;
}
