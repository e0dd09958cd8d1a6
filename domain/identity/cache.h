/* cache.h - a bounded cache of identities with an expiry: verified tokens, live sessions.
 *
 * The size is fixed at startup. The cache is 8-way set-associative; a full set evicts the entry
 * that expires first. Thread-safe: each lock covers a group of sets.
 *
 * A value can become stale between the lookup that produced it and cache_put(). So the caller takes
 * a mark before the lookup, and cache_put() drops a value whose mark predates the last removal. */
#ifndef DOMAIN_IDENTITY_CACHE_H
#define DOMAIN_IDENTITY_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

#define CACHE_KEY 32

struct cached_identity {
	struct uuid user, session;
	unsigned roles;
	instant_us until; /* cache_get() never returns the entry from then on */
};

struct cache;

/* NULL if out of memory. */
struct cache *cache_new(size_t entries);
/* NULL is allowed. No other thread may still use the cache. */
void cache_free(struct cache *c);

/* Hashes the bytes to a key, so the cache does not hold tokens in plain text. */
void cache_key(const void *bytes, size_t n, unsigned char key[CACHE_KEY]);

/* False: not cached, or expired. */
bool cache_get(struct cache *c, const unsigned char key[CACHE_KEY],
	struct cached_identity *out) MUST_CHECK;
/* Take it before the lookup whose result goes to cache_put(). */
unsigned cache_mark(const struct cache *c);
void cache_put(struct cache *c, unsigned mark, const unsigned char key[CACHE_KEY],
	const struct cached_identity *v);
/* After either of these, no cache_put() with an earlier mark can bring the value back. */
void cache_remove(struct cache *c, const unsigned char key[CACHE_KEY]);
void cache_clear(struct cache *c);

#endif
