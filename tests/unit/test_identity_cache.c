/* test_identity_cache.c - the identity cache: bounded, expiring, never older than a removal. */
#include <pthread.h>
#include <sodium.h>

#include "domain/identity/cache.h"
#include "tests/unit/unit.h"

#define NOW (INT64_C(1795413839) * US_PER_S)

static void
key_of(uint32_t n, unsigned char key[CACHE_KEY])
{
	cache_key(&n, sizeof n, key);
}

static void
put(struct cache *c, uint32_t n, instant_us until)
{
	unsigned char key[CACHE_KEY];
	struct cached_identity v = { .roles = n, .until = until };

	key_of(n, key);
	cache_put(c, cache_mark(c), key, &v);
}

static bool
there(struct cache *c, uint32_t n)
{
	unsigned char key[CACHE_KEY];
	struct cached_identity v;

	key_of(n, key);
	if (!cache_get(c, key, &v))
		return false;
	assert_int_equal(v.roles, n);
	return true;
}

static void
entries_expire(void **state)
{
	struct cache *c = cache_new(16);

	(void)state;
	clock_fix(NOW);
	put(c, 1, NOW + 10);
	assert_true(there(c, 1));
	assert_false(there(c, 2));
	clock_fix(NOW + 9);
	assert_true(there(c, 1));
	clock_fix(NOW + 10);
	assert_false(there(c, 1));
	clock_fix(NOW);
	cache_free(c);
}

static void
size_is_bounded(void **state)
{
	struct cache *c = cache_new(64);
	uint32_t kept = 0;

	(void)state;
	for (uint32_t n = 1; n <= 10000; n++)
		put(c, n, NOW + n);
	for (uint32_t n = 1; n <= 10000; n++)
		kept += there(c, n);
	assert_int_equal(kept, 64);
	assert_true(there(c, 10000)); /* the entries that expire first made room */
	cache_free(c);
}

static void
a_removal_beats_an_earlier_lookup(void **state)
{
	struct cache *c = cache_new(64);
	unsigned char key[CACHE_KEY];
	struct cached_identity v = { .roles = 7, .until = NOW + 10 };
	unsigned mark = cache_mark(c);

	(void)state;
	key_of(7, key);
	cache_clear(c); /* even if empty */
	cache_put(c, mark, key, &v);
	assert_false(there(c, 7));
	mark = cache_mark(c);
	cache_remove(c, key);
	cache_put(c, mark, key, &v);
	assert_false(there(c, 7));
	cache_put(c, cache_mark(c), key, &v);
	assert_true(there(c, 7));
	mark = cache_mark(c);
	cache_clear(c);
	assert_false(there(c, 7));
	cache_put(c, mark, key, &v);
	assert_false(there(c, 7));
	cache_free(c);
}

struct race {
	struct cache *cache;
	_Atomic bool live; /* what the database would answer */
};

static void *
look_up_and_put(void *context)
{
	struct race *race = context;

	for (int i = 0; i < 20000; i++) {
		unsigned char key[CACHE_KEY];
		struct cached_identity v = { .roles = 7, .until = NOW + 10 };
		unsigned mark = cache_mark(race->cache);

		key_of(7, key);
		if (race->live)
			cache_put(race->cache, mark, key, &v);
	}
	return NULL;
}

static void
no_race_brings_removed_entries_back(void **state)
{
	struct race race = { .cache = cache_new(64) };
	unsigned char key[CACHE_KEY];
	pthread_t threads[3];

	(void)state;
	key_of(7, key);
	race.live = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_and_put, &race), 0);
	for (int i = 0; i < 2000; i++) {
		race.live = false;
		cache_remove(race.cache, key);
		assert_false(there(race.cache, 7));
		race.live = true;
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	cache_free(race.cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_expire),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(a_removal_beats_an_earlier_lookup),
		cmocka_unit_test(no_race_brings_removed_entries_back),
	};

	clock_fix(NOW);
	return sodium_init() < 0 ? 1 : RUN(tests);
}
