/* program.h - a program that runs until SIGTERM or SIGINT, or, with --drain, until there is nothing
 * left to do.
 *
 * The signals set a flag that every thread may read; every wait of such a program ends early when
 * it is set. */
#ifndef COMMON_BASE_PROGRAM_H
#define COMMON_BASE_PROGRAM_H

#include <stdbool.h>

#include "common/base/error.h"

/* Reads arguments and configuration, begins logging, and catches the signals. *drain is whether
 * --drain was given. False: main ends with *status (a sentence is on stderr, or the help on
 * stdout). */
bool program_begin(int argc, char **argv, const char *name, bool *drain, int *status) MUST_CHECK;
/* Whether SIGTERM or SIGINT has come. Any thread. */
bool program_stopping(void);
/* Sleeps, but ends early on a signal; false: stopping. Any thread. */
bool program_sleep(int ms);

#endif
