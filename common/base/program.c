/* program.c - arguments, signals and sleeps of a long-running program; see program.h. */
#include "common/base/program.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"

/* The longest sleep without checking for a stop. */
#define SLICE_MS 250

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
program_info(int argc, char **argv, const char *name, const char *usage)
{
	if (argc != 2)
		return false;
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, PURSE_VERSION);
		return true;
	}
	if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0)
		return false;
	printf("%s, part of Purse %s\n\n%s\n"
	       "Options come from the environment or the file PURSE_CONFIG: see .env.example.\n",
		name, PURSE_VERSION, usage);
	return true;
}

bool
program_start(int argc, char **argv, const char *name, bool *drain, int *status)
{
	struct sigaction stop = { .sa_handler = stop_on_signal },
			 ignore = { .sa_handler = SIG_IGN };

	*drain = argc == 2 && strcmp(argv[1], "--drain") == 0;
	*status = 0;
	if (program_info(argc, argv, name,
		    "  --drain    process pending items, then exit: 0, or 1 if a server is down\n"
		    "Without arguments it runs until SIGTERM.\n"))
		return false;
	*status = 2;
	if (argc > 1 && !*drain) {
		fprintf(stderr, "%s: unknown argument \"%s\": see %s --help.\n", name,
			argv[argc - 1], name);
		return false;
	}
	*status = 1;
	if (!config_load())
		return false;
	log_init(name, config_text(OPT_LOG_LEVEL));
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
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
