/* invariant.h - conditions that must hold where data cross a boundary; if one fails, the program
 * logs what it saw and aborts.
 *
 * For conditions that only a bug in our code or in the database's functions can break; never for
 * input. Aborting loses nothing: accepted work is committed or redelivered, and the supervisor
 * restarts the program. */
#ifndef COMMON_BASE_INVARIANT_H
#define COMMON_BASE_INVARIANT_H

/* Logs the location and the sentence, then aborts. */
_Noreturn void invariant_failed(const char *file, int line, const char *condition, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/* The sentence reports what was seen: INVARIANT(rows == count, "%zu rows for %zu operations", rows,
 * count). */
#define INVARIANT(condition, ...)                                                                  \
	do {                                                                                       \
		if (!(condition))                                                                  \
			invariant_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);             \
	} while (0)

#endif
