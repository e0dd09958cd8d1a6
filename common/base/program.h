/* program.h - a program that runs until SIGTERM or SIGINT or, with --drain, until no items are
 * pending.
 *
 * The signals set a flag that any thread can read; every wait of such a program ends early once it
 * is set. */
#ifndef COMMON_BASE_PROGRAM_H
#define COMMON_BASE_PROGRAM_H

#include <stdbool.h>

#include "common/base/error.h"

#define PROGRAM_OPTIONS_HELP \
	"Options come from the environment, then from the file that PURSE_CONFIG names\n" \
	"(DATA_DIR/purse.env): docs/configuration.md lists them.\n"

/* Answers `--help` and `--version`, which need no configuration: prints the help, or the name and
 * version, to stdout. False if argv is neither, or for --help if `help` is NULL. */
bool program_describe(int argc, char **argv, const char *name, const char *help) MUST_CHECK;
/* Reads arguments and configuration, starts logging, and installs the signal handlers. Sets *drain
 * if --drain was given. False: main returns *status (a sentence is on stderr, or the help on
 * stdout). */
bool program_start(int argc, char **argv, const char *name, bool *drain, int *status) MUST_CHECK;
/* True once SIGTERM or SIGINT has arrived. Any thread. */
bool program_stopping(void);
/* Stops the program as SIGTERM does: a thread that it needs cannot start. Any thread. */
void program_stop(void);
/* Sleeps, but returns early on a signal; false: stopping. Any thread. */
bool program_sleep(int ms);

#endif
