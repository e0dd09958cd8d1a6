/* cache.h - a bounded memory of who is who, until a moment: verified tokens, live sessions.
 *
 * Its size is fixed at the start: sets of eight places; where all eight are taken, the entry that
 * would end first goes. Thread-safe, a lock for each group of sets.
 *
 * What is put was asked for a moment ago, and may have become wrong in between. So whoever asks
 * takes a mark first, and a put whose mark is older than the last removal is dropped. */
#ifndef DOMAIN_IDENTITY_CACHE_H
#define DOMAIN_IDENTITY_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

#define CACHE_KEY 32

struct known {
	struct uuid user, session;
	unsigned roles;
	instant_us until; /* the cache answers nothing past it */
};

struct cache;

/* NULL: no memory. */
struct cache *cache_new(size_t entries);
void cache_free(struct cache *c);

/* A hash of the bytes, which becomes the key. */
void cache_key(const void *bytes, size_t n, unsigned char key[CACHE_KEY]);

bool cache_get(struct cache *c, const unsigned char key[CACHE_KEY], struct known *out) MUST_CHECK;
unsigned cache_mark(const struct cache *c);
void cache_put(
	struct cache *c, unsigned mark, const unsigned char key[CACHE_KEY], const struct known *v);
void cache_remove(struct cache *c, const unsigned char key[CACHE_KEY]);
void cache_clear(struct cache *c);

#endif
