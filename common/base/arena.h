/* arena.h - memory with the lifetime of one request: allocated piece by piece, freed all at once.
 *
 * An arena belongs to one thread. Its limit is the request's memory limit: past it, allocation
 * returns NULL and the request fails with too_large. While a thread is inside an arena (see
 * arena_enter()), jansson allocates from it too. */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* NULL if out of memory. Allocates no block until the first piece is needed. The limit counts
 * pieces as handed out; blocks are larger, so the process can use a little more. */
struct arena *arena_new(size_t limit_bytes);
/* Frees the arena and everything in it. NULL is allowed. No thread may be inside it. */
void arena_free(struct arena *a);

/* Zeroed, aligned for any type; NULL past the limit. */
void *arena_alloc(struct arena *a, size_t bytes);
/* Copies, NUL-terminated; NULL past the limit. arena_strndup() copies at most `n` bytes, and can
 * cut a UTF-8 sequence. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* Format straight into the arena, in a piece of exactly the text's size. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Frees everything, but keeps one block for the next request. */
void arena_reset(struct arena *a);

/* Makes jansson use `a` on this thread until arena_leave(). Values made in between must not be
 * used, or freed with free(), after arena_reset(). json_decref() on them is allowed and frees
 * nothing. Arenas do not nest: entering a second one aborts. */
void arena_enter(struct arena *a);
void arena_leave(void);
/* Returns true if jansson was refused memory on this thread since the last call: its own errors do
 * not always show it. */
bool arena_json_refused(void);

#endif
