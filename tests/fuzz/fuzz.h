/* fuzz.h - what every fuzz target shares: how it is declared, its input, and its checks.
 *
 *	FUZZ_TARGET(json)
 *	{
 *		char *line = fuzz_line(in);
 *
 *		CHECK(…, "…");
 *	}
 *
 * libFuzzer calls a target with mutated inputs (`make fuzz`), and `make test` with the kept ones
 * (corpus/). A CHECK that does not hold ends the program, as does an input that takes more than
 * FUZZ_TIME_MS of processor time. Parts of an input are copies of exactly their size, so that
 * AddressSanitizer sees a read past their end; they are freed after the input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define FUZZ_TIME_MS 100
#define FUZZ_MEMORY ((size_t)4 << 20)

struct fuzz_input {
	const char *at, *end;
	struct arena *arena; /* emptied after each input */
};

typedef void fuzz_function(struct fuzz_input *in);

/* `name` is that of its folder in corpus/. */
struct fuzz_target {
	const char *name;
	fuzz_function *run;
	struct fuzz_target *next;
};

void fuzz_register(struct fuzz_target *target);

#define FUZZ_TARGET(name_) \
	static void run_##name_(struct fuzz_input *in); \
	__attribute__((constructor)) static void register_##name_(void) \
	{ \
		static struct fuzz_target target = { #name_, run_##name_, NULL }; \
		fuzz_register(&target); \
	} \
	static void run_##name_(struct fuzz_input *in)

/* The text up to the next new line, which is dropped; all that is left if there is none. It ends
 * at its first NUL. Never NULL. */
char *fuzz_line(struct fuzz_input *in);
/* All that is left, with a NUL after it; `bytes` can be NULL. */
char *fuzz_rest(struct fuzz_input *in, size_t *bytes);
/* A copy of exactly these bytes and a NUL. */
char *fuzz_copy(const char *text, size_t bytes);

/* Whether it is UTF-8, by jansson's rules. */
bool fuzz_is_utf8(const char *text);
/* Parses text that must be one JSON value without duplicate members, or ends the program. The
 * caller owns the value. */
json_t *fuzz_json(const char *text, size_t bytes, const char *what);

/* Makes an empty folder in TMPDIR, which the script that runs the targets removes, or ends the
 * program. Never freed. */
const char *fuzz_folder(void);

void fuzz_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
#define CHECK(condition, ...) \
	do { \
		if (!(condition)) \
			fuzz_fail(__FILE__, __LINE__, #condition ": " __VA_ARGS__); \
	} while (0)

#endif
