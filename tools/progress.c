/* progress.c - shows how far a long command has come; see progress.h. */
#include "tools/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR 40

void
progress_begin(struct progress *p, const char *unit, int64_t expected)
{
	*p = (struct progress){ .unit = unit, .expected = expected, .shown = -1 };
	p->live = isatty(STDERR_FILENO);
	progress_add(p, 0);
}

void
progress_add(struct progress *p, int64_t more)
{
	char bar[BAR + 1];
	int percent = 100;

	p->done += more;
	if (p->done < p->expected)
		percent = (int)(p->done * 100 / p->expected);
	if (percent == p->shown)
		return;
	p->shown = percent;
	if (!p->live) {
		if (percent % 10 == 0)
			fprintf(stderr, "%3d %%: %" PRId64 " %s\n", percent, p->done, p->unit);
		return;
	}
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(percent * BAR / 100));
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3d %%  %" PRId64 " of %" PRId64 " %s ", bar, percent, p->done,
		p->expected, p->unit);
}

void
progress_clear(struct progress *p)
{
	if (p->live)
		fprintf(stderr, "\r%*s\r", BAR + 50, "");
	p->shown = -1;
}

void
progress_end(struct progress *p)
{
	if (p->live)
		fputc('\n', stderr);
}
