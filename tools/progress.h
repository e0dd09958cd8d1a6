/* progress.h - how far a long command has come: a bar on a terminal, else a line per 10 %. On
 * stderr. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *unit; /* "rows" */
	int64_t expected, done;
	bool live;        /* stderr is a terminal */
	int shown;        /* the percentage last shown; -1: none */
};

void progress_begin(struct progress *p, const char *unit, int64_t expected);
/* `more` further units are done. */
void progress_add(struct progress *p, int64_t more);
/* Removes the bar, for a line of output; the next progress_add() shows it again. */
void progress_clear(struct progress *p);
/* Leaves the bar as it is and starts a new line. */
void progress_end(struct progress *p);

#endif
