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

static void
help(const char *name)
{
	printf("%s - see ARCHITECTURE.md\n\n"
	       "  %s            run until SIGTERM\n"
	       "  %s --drain    process pending items, then exit: 0, or 1 if a server is down\n"
	       "Options come from the environment or the file PURSE_CONFIG: see .env.example.\n",
		name, name, name);
}

bool
program_start(int argc, char **argv, const char *name, bool *drain, int *status)
{
	struct sigaction stop = { .sa_handler = stop_on_signal },
			 ignore = { .sa_handler = SIG_IGN };

	*drain = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--drain") == 0) {
			*drain = true;
		} else {
			bool is_help = strcmp(argv[i], "--help") == 0;

			if (!is_help)
				fprintf(stderr, "%s: unknown argument %s\n", name, argv[i]);
			help(name);
			*status = is_help ? 0 : 2;
			return false;
		}
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
