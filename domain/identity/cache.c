/* cache.c - a set-associative table of fixed size; see cache.h. */
#include "domain/identity/cache.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More ways would fill the table more evenly before anything is evicted, and take
 * longer to search. */
#define WAYS 8
/* Set n uses lock n % LOCKS: threads with different tokens rarely meet. */
#define LOCKS 64

struct entry {
	unsigned char key[CACHE_KEY];
	struct cached_identity identity; /* until is 0 in an empty entry */
};

struct cache {
	size_t sets;
	struct entry *entries; /* WAYS per set */
	atomic_uint removals;
	pthread_mutex_t locks[LOCKS];
};

/* calloc() gives untouched pages, so an empty cache takes no memory: touching all of them cost 13
 * MB (bench/NOTES.md). */
struct cache *
cache_new(size_t entries)
{
	struct cache *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->sets = (entries + WAYS - 1) / WAYS;
	if ((c->entries = calloc(c->sets * WAYS, sizeof *c->entries)) == NULL) {
		free(c);
		return NULL;
	}
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&c->locks[i], NULL);
	return c;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&c->locks[i]);
	free(c->entries);
	free(c);
}

void
cache_key(const void *bytes, size_t n, unsigned char key[CACHE_KEY])
{
	crypto_generichash(key, CACHE_KEY, bytes, n, NULL, 0);
}

/* The key is a hash already, so any of its bytes choose a set evenly. */
static struct entry *
set_lock(struct cache *c, const unsigned char key[CACHE_KEY], pthread_mutex_t **lock)
{
	size_t n;

	memcpy(&n, key, sizeof n);
	n %= c->sets;
	*lock = &c->locks[n % LOCKS];
	pthread_mutex_lock(*lock);
	return &c->entries[n * WAYS];
}

static struct entry *
set_find(struct entry *set, const unsigned char key[CACHE_KEY])
{
	for (int i = 0; i < WAYS; i++)
		if (set[i].identity.until != 0 && memcmp(set[i].key, key, CACHE_KEY) == 0)
			return &set[i];
	return NULL;
}

/* Copies the value out, because the entry can be overwritten once the lock is released. */
bool
cache_get(struct cache *c, const unsigned char key[CACHE_KEY], struct cached_identity *out)
{
	pthread_mutex_t *lock;
	const struct entry *e = set_find(set_lock(c, key, &lock), key);
	bool found = e != NULL && e->identity.until > clock_now();

	if (found)
		*out = e->identity;
	pthread_mutex_unlock(lock);
	return found;
}

unsigned
cache_mark(const struct cache *c)
{
	return atomic_load(&c->removals);
}

/* The entry to overwrite: the key's own, or the one that expires first; empty entries sort
 * first. */
static struct entry *
set_choose(struct entry *set, const unsigned char key[CACHE_KEY])
{
	struct entry *best = set_find(set, key);

	if (best != NULL)
		return best;
	best = set;
	for (int i = 1; i < WAYS; i++)
		if (set[i].identity.until < best->identity.until)
			best = &set[i];
	return best;
}

void
cache_put(struct cache *c, unsigned mark, const unsigned char key[CACHE_KEY],
	const struct cached_identity *v)
{
	pthread_mutex_t *lock;
	struct entry *set = set_lock(c, key, &lock), *e;

	/* A remover increments the counter before it takes this lock. So either we see the new
	 * count, or it removes the entry that we write. */
	if (atomic_load(&c->removals) == mark) {
		e = set_choose(set, key);
		memcpy(e->key, key, CACHE_KEY);
		e->identity = *v;
	}
	pthread_mutex_unlock(lock);
}

void
cache_remove(struct cache *c, const unsigned char key[CACHE_KEY])
{
	pthread_mutex_t *lock;
	struct entry *e;

	atomic_fetch_add(&c->removals, 1);
	if ((e = set_find(set_lock(c, key, &lock), key)) != NULL)
		e->identity.until = 0;
	pthread_mutex_unlock(lock);
}

/* One lock at a time: readers of other sets are not held up. */
void
cache_clear(struct cache *c)
{
	atomic_fetch_add(&c->removals, 1);
	for (size_t l = 0; l < LOCKS; l++) {
		pthread_mutex_lock(&c->locks[l]);
		for (size_t set = l; set < c->sets; set += LOCKS)
			for (size_t i = set * WAYS; i < (set + 1) * WAYS; i++)
				/* Writing only to used entries keeps untouched pages
				 * unallocated. */
				if (c->entries[i].identity.until != 0)
					c->entries[i].identity.until = 0;
		pthread_mutex_unlock(&c->locks[l]);
	}
}
