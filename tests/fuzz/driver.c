/* driver.c - runs the fuzz targets of a program: under libFuzzer, or over kept inputs.
 *
 *	fuzz/bin/NAME …           libFuzzer: the target is the program's name
 *	replay/PROGRAM FOLDER…  each input in each folder, which has the target's name; prints
 *	                        TAP */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "tests/fuzz/fuzz.h"

#define PARTS_MAX 256

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct fuzz_target *targets, *chosen;
static char *parts[PARTS_MAX];
static size_t part_count;

void
fuzz_register(struct fuzz_target *target)
{
	target->next = targets;
	targets = target;
}

static struct fuzz_target *
target_find(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

	for (struct fuzz_target *t = targets; t != NULL; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	fprintf(stderr, "There is no target %s in this program.\n", name);
	exit(2);
}

/* ---- the input ---- */

char *
fuzz_copy(const char *text, size_t bytes)
{
	char *copy = malloc(bytes + 1);

	if (copy == NULL || part_count == PARTS_MAX)
		abort();
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	parts[part_count++] = copy;
	return copy;
}

char *
fuzz_line(struct fuzz_input *in)
{
	size_t left = (size_t)(in->end - in->at);
	const char *end = memchr(in->at, '\n', left);
	size_t n = end != NULL ? (size_t)(end - in->at) : left;
	/* Past PARTS_MAX - 8 lines, the last copy serves: no target needs as many. */
	char *line = part_count < PARTS_MAX - 8 ? fuzz_copy(in->at, strnlen(in->at, n)) : parts[0];

	in->at += n + (end != NULL);
	return line;
}

char *
fuzz_rest(struct fuzz_input *in, size_t *bytes)
{
	size_t n = (size_t)(in->end - in->at);
	char *rest = fuzz_copy(in->at, n);

	in->at = in->end;
	if (bytes != NULL)
		*bytes = n;
	return rest;
}

/* ---- checks ---- */

void
fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "\nCHECK failed at %s:%d, in target %s: ", file, line, chosen->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

bool
fuzz_is_utf8(const char *text)
{
	json_t *string = json_string(text);
	bool valid = string != NULL;

	json_decref(string);
	return valid;
}

json_t *
fuzz_json(const char *text, size_t bytes, const char *what)
{
	json_error_t why;
	json_t *v = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	CHECK(v != NULL, "%s is not JSON: %s: %.*s", what, why.text, (int)bytes, text);
	return v;
}

/* ---- one input ---- */

/* The watchdog: SIGPROF counts the processor time of this process, so a busy machine is no
 * reason to fail. */
static void
too_slow(int number)
{
	static const char text[] = "\nThe watchdog: an input takes more than 100 ms.\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);

	(void)number;
	(void)written;
	abort();
}
_Static_assert(FUZZ_TIME_MS == 100, "the message says 100 ms");

static void
watchdog_set(long ms)
{
	struct itimerval t = { .it_value = { .tv_usec = ms * 1000 } };

	if (setitimer(ITIMER_PROF, &t, NULL) != 0)
		abort();
}

static void
run(const char *data, size_t bytes)
{
	static struct arena *arena;
	char *copy = malloc(bytes + 1);
	struct fuzz_input in = { copy, copy + bytes, NULL };

	if (copy == NULL || (arena == NULL && (arena = arena_new(FUZZ_MEMORY)) == NULL))
		abort();
	memcpy(copy, data, bytes);
	copy[bytes] = '\0'; /* for strnlen() in fuzz_line() */
	in.arena = arena;
	watchdog_set(FUZZ_TIME_MS);
	chosen->run(&in);
	watchdog_set(0);
	arena_reset(arena);
	while (part_count > 0)
		free(parts[--part_count]);
	free(copy);
}

/* Options have their defaults: a target sets what it needs. */
static void
prepare(void)
{
	struct sigaction watchdog = { .sa_handler = too_slow };

	(void)sigaction(SIGPROF, &watchdog, NULL);
	(void)setenv("PURSE_CONFIG", "/dev/null", 1);
	if (!config_load())
		exit(2);
	log_init("fuzz", "error");
}

const char *
fuzz_folder(void)
{
	static char folder[PATH_MAX];
	const char *parent = getenv("TMPDIR");

	(void)snprintf(folder, sizeof folder, "%s/purse-fuzz-XXXXXX",
		parent != NULL ? parent : "/tmp");
	if (mkdtemp(folder) == NULL)
		abort();
	return folder;
}

#ifndef FUZZ_REPLAY

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	chosen = target_find((*argv)[0]);
	prepare();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	run((const char *)data, bytes);
	return 0;
}

#else

/* Says which input fails, in the lines after "not ok" that tests/lib/suites.sh shows. */
static void
replay_file(const char *path)
{
	static char data[1 << 20];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	run(data, n);
}

static int
replay_folder(const char *folder)
{
	struct dirent **names;
	char path[PATH_MAX];
	int n = scandir(folder, &names, NULL, alphasort), inputs = 0;

	chosen = target_find(folder);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
			printf("# %s\n", path);
			replay_file(path);
			inputs++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return inputs;
}

int
main(int argc, char **argv)
{
	bool good = true;

	prepare();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int inputs = replay_folder(argv[i]);

		printf("%s %d - %s: %d inputs\n", inputs > 0 ? "ok" : "not ok", i, chosen->name,
			inputs);
		good = good && inputs > 0;
	}
	return good ? 0 : 1;
}

#endif
