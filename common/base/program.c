/* program.c - arguments, signals and sleeps of a long-running program; see program.h. */
#include "common/base/program.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* The longest sleep without checking for a stop. A signal can arrive just before the sleep, or in
 * another thread, and would not end it. */
#define SLICE_MS 250
#define HELP_BYTES 1024

/* Set by a signal handler, read by every thread: lock-free atomics allow both (C11, 7.14.1.1). */
static atomic_int stopping;

static void
stop_on_signal(int number)
{
	(void)number;
	stopping = 1;
}

bool
program_stopping(void)
{
	return stopping != 0;
}

void
program_stop(void)
{
	stopping = 1;
}

bool
program_describe(int argc, char **argv, const char *name, const char *help)
{
	if (argc != 2)
		return false;
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, PURSE_VERSION);
		return true;
	}
	if (help == NULL || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0))
		return false;
	printf("%s", help);
	return true;
}

/* The help of a program that runs until it is stopped. */
static void
help_write(const char *name, char out[HELP_BYTES])
{
	(void)snprintf(out, HELP_BYTES,
		"usage: %s [--drain]\n\n"
		"  %s            run until SIGTERM\n"
		"  %s --drain    process pending items, then exit: 0, or 1 if a server is down\n"
		"  %s --version  print the version\n\n" PROGRAM_OPTIONS_HELP,
		name, name, name, name);
}

bool
program_start(int argc, char **argv, const char *name, bool *drain, int *status)
{
	struct sigaction stop = { .sa_handler = stop_on_signal },
			 ignore = { .sa_handler = SIG_IGN };
	char help[HELP_BYTES];

	help_write(name, help);
	*status = 0;
	if (program_describe(argc, argv, name, help))
		return false;
	*drain = argc == 2 && strcmp(argv[1], "--drain") == 0;
	if (argc > 1 && !*drain) {
		fprintf(stderr, "%s: unknown argument %s: see %s --help.\n", name, argv[1], name);
		*status = 2;
		return false;
	}
	*status = 1;
	if (!config_load())
		return false;
	log_init(name, config_text(OPT_LOG_LEVEL));
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	/* A peer that has closed its socket is an error of the write, not the end of us. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	*status = 0;
	return true;
}

bool
program_sleep(int ms)
{
	for (int64_t until = clock_monotonic_ms() + ms, left = ms; left > 0 && !stopping;
		left = until - clock_monotonic_ms())
		clock_sleep_ms(left < SLICE_MS ? left : SLICE_MS);
	return !stopping;
}
