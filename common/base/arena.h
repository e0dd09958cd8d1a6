/* arena.h - memory that lives as long as one request: given out piece by piece, taken back at once.
 *
 * One thread's. The limit is the request's memory limit: past it allocation answers NULL and the
 * request ends as too_large. jansson allocates from the thread's current arena while one is entered
 * (see arena_enter). */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(size_t limit_bytes);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type; NULL past the limit. */
void *arena_alloc(struct arena *a, size_t bytes);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Take everything back; keeps one block for the next request. */
void arena_reset(struct arena *a);

/* Make `a` the memory that jansson uses on this thread until arena_leave(). What was made inside
 * must not be used, nor freed with free(), after arena_reset(). json_decref on it is allowed and
 * does nothing. */
void arena_enter(struct arena *a);
void arena_leave(void);
/* Whether jansson was refused memory on this thread since the last call: its own errors do not
 * always tell. */
bool arena_json_refused(void);

#endif
