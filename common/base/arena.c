/* arena.c - allocates from the front of large blocks; see arena.h. */
#include "common/base/arena.h"

#include <jansson.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"

/* A larger piece gets a block of its own size. What is left of the block before it stays unused. */
#define BLOCK_BYTES (16 * 1024)

/* Under AddressSanitizer, memory that is not allocated, or was freed by a reset, is poisoned. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(p, bytes) ASAN_POISON_MEMORY_REGION(p, bytes)
#define UNPOISON(p, bytes) ASAN_UNPOISON_MEMORY_REGION(p, bytes)
#else
#define POISON(p, bytes) ((void)0)
#define UNPOISON(p, bytes) ((void)0)
#endif

struct block {
	struct block *next;
	size_t used, capacity;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *blocks; /* newest first; the last one survives a reset */
	size_t used, limit;
};

/* jansson's allocation functions get no context, so the thread remembers its arena. */
static __thread struct arena *current;
/* Sticky, because jansson can carry on after a failed allocation, and report something else. */
static __thread bool json_refused;

static void *
json_arena_malloc(size_t bytes)
{
	void *p = current != NULL ? arena_alloc(current, bytes) : malloc(bytes);

	json_refused |= p == NULL;
	return p;
}

bool
arena_json_refused(void)
{
	bool refused = json_refused;

	json_refused = false;
	return refused;
}

/* Walks the blocks. Only jansson's frees inside an arena pay for that. */
static bool
arena_owns(const struct arena *a, const void *p)
{
	for (const struct block *b = a->blocks; b != NULL; b = b->next)
		if ((const unsigned char *)p >= b->bytes &&
			(const unsigned char *)p < b->bytes + b->capacity)
			return true;
	return false;
}

/* jansson may free, inside an arena, a value allocated outside of it: what the arena does not own
 * came from malloc. */
static void
json_arena_free(void *p)
{
	if (p != NULL && (current == NULL || !arena_owns(current, p)))
		free(p);
}

/* Before main(): jansson must never free with one function what another allocated. */
__attribute__((constructor)) static void
json_allocates_from_arenas(void)
{
	json_set_alloc_funcs(json_arena_malloc, json_arena_free);
}

struct arena *
arena_new(size_t limit_bytes)
{
	struct arena *a = calloc(1, sizeof *a);

	if (a != NULL)
		a->limit = limit_bytes;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->blocks);
	free(a);
}

static struct block *
block_add(struct arena *a, size_t bytes)
{
	size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct block *b = malloc(sizeof *b + capacity);

	if (b == NULL)
		return NULL;
	b->next = a->blocks;
	b->used = 0;
	b->capacity = capacity;
	a->blocks = b;
	POISON(b->bytes, capacity);
	return b;
}

void *
arena_alloc(struct arena *a, size_t bytes)
{
	struct block *b = a->blocks;
	void *p;

	if (bytes > a->limit) /* first: a huge size would wrap when it is rounded up */
		return NULL;
	/* Rounded up, so that the next piece is aligned too. */
	bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (bytes > a->limit - a->used)
		return NULL;
	if (b == NULL || bytes > b->capacity - b->used)
		b = block_add(a, bytes);
	if (b == NULL)
		return NULL;
	INVARIANT(b->used <= b->capacity && bytes <= b->capacity - b->used && a->used <= a->limit,
		"%zu bytes from a block with %zu of %zu used, in an arena with %zu of %zu used",
		bytes, b->used, b->capacity, a->used, a->limit);
	p = b->bytes + b->used;
	UNPOISON(p, bytes);
	b->used += bytes;
	a->used += bytes;
	/* calloc() would not do: a block that survived a reset holds another request's data. */
	return memset(p, 0, bytes);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = arena_alloc(a, length + 1);

	if (copy != NULL)
		memcpy(copy, s, length);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, SIZE_MAX);
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *out;
	int n;

	va_copy(again, ap);
	/* The first pass only measures, so the piece has exactly the size of the text. */
	n = vsnprintf(NULL, 0, fmt, ap);
	if ((out = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1)) != NULL)
		vsnprintf(out, (size_t)n + 1, fmt, again);
	va_end(again);
	return out;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *out;

	va_start(ap, fmt);
	out = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return out;
}

void
arena_reset(struct arena *a)
{
	size_t used = 0;

	for (const struct block *b = a->blocks; b != NULL; b = b->next)
		used += b->used;
	INVARIANT(used == a->used, "an arena counts %zu bytes, its blocks %zu", a->used, used);
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
	if (a->blocks != NULL) {
		POISON(a->blocks->bytes, a->blocks->capacity);
		a->blocks->used = 0;
	}
	a->used = 0;
}

void
arena_enter(struct arena *a)
{
	INVARIANT(current == NULL, "this thread is already in the arena %p", (void *)current);
	current = a;
}

void
arena_leave(void)
{
	INVARIANT(current != NULL, "this thread is not in an arena");
	current = NULL;
}
