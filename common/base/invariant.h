/* invariant.h - what must be true where data crosses a border: if it is not, the program ends with
 * what it saw.
 *
 * For what only a bug of ours, or of the database's functions, can break; never for input. Nothing
 * is lost by ending: whatever was accepted is committed or comes again, and the supervisor restarts
 * the program. */
#ifndef COMMON_BASE_INVARIANT_H
#define COMMON_BASE_INVARIANT_H

/* Logs the place and the sentence, then aborts. */
_Noreturn void invariant_failed(const char *file, int line, const char *condition, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/* The sentence says what was seen: INVARIANT(rows == count, "%zu rows for %zu operations", rows,
 * count). */
#define INVARIANT(condition, ...)                                                                  \
	do {                                                                                       \
		if (!(condition))                                                                  \
			invariant_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);             \
	} while (0)

#endif
