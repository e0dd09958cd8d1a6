/* test_route.c - the router: patterns, ids, allowed methods; and the arena of a request. */
#include "common/http/route.h"
#include "tests/unit/unit.h"

static struct reply *
nothing(struct request *r)
{
	(void)r;
	return NULL;
}

static const struct route routes[] = {
	{ METHOD_POST, "/v1/wallets", nothing, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets", nothing, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}", nothing, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}/balance", nothing, SIGNED_IN },
	{ METHOD_DELETE, "/v1/a/{one}/b/{two}", nothing, ANYONE },
};

#define ID "018f6f2e-7b1c-7cc0-8000-00000000abcd"
#define ID2 "018f6f2e-7b1c-7cc0-8000-00000000ffff"

static const struct route *
find(enum method m, const char *path, enum error *e, char allow[64], struct uuid ids[ROUTE_IDS])
{
	return route_find(routes, sizeof routes / sizeof routes[0], m, path, ids, e, allow);
}

static void
paths_find_their_route_and_ids(void **state)
{
	struct uuid ids[ROUTE_IDS];
	char allow[64], text[UUID_TEXT];
	enum error e;

	(void)state;
	assert_ptr_equal(find(METHOD_POST, "/v1/wallets", &e, allow, ids), &routes[0]);
	assert_ptr_equal(find(METHOD_GET, "/v1/wallets", &e, allow, ids), &routes[1]);
	assert_ptr_equal(find(METHOD_GET, "/v1/wallets/" ID, &e, allow, ids), &routes[2]);
	assert_ptr_equal(
		find(METHOD_GET, "/v1/wallets/" ID "/balance", &e, allow, ids), &routes[3]);
	assert_ptr_equal(find(METHOD_DELETE, "/v1/a/" ID "/b/" ID2, &e, allow, ids), &routes[4]);
	uuid_format(&ids[0], text);
	assert_string_equal(text, ID);
	uuid_format(&ids[1], text);
	assert_string_equal(text, ID2);
}

static void
other_paths_are_not_found(void **state)
{
	static const char *const bad[] = { "", "/", "/v1/wallets/", "/v1/walletsx", "/v1/wallet",
		"/v1/wallets/x", "/v1/wallets/" ID "/", "/v1/wallets/" ID "x",
		"/v1/wallets/" ID "/balances", "/v1/wallets//balance", "/v1/a/" ID "/b/",
		"//v1/wallets" };
	struct uuid ids[ROUTE_IDS];
	char allow[64];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		enum error e = OK;

		assert_null(find(METHOD_GET, bad[i], &e, allow, ids));
		assert_int_equal(e, ERR_NOT_FOUND);
	}
}

static void
another_method_gets_the_allowed_ones(void **state)
{
	struct uuid ids[ROUTE_IDS];
	char allow[64];
	enum error e = OK;

	(void)state;
	assert_null(find(METHOD_DELETE, "/v1/wallets", &e, allow, ids));
	assert_int_equal(e, ERR_METHOD_NOT_ALLOWED);
	assert_string_equal(allow, "POST, GET, HEAD");
	assert_null(find(METHOD_OTHER, "/v1/wallets/" ID, &e, allow, ids));
	assert_string_equal(allow, "GET, HEAD");
}

static void
an_arena_gives_zeroed_memory_up_to_its_limit(void **state)
{
	struct arena *a = arena_new(100000);
	unsigned char *p;

	(void)state;
	for (int round = 0; round < 3; round++) {
		size_t total = 0;

		while ((p = arena_alloc(a, 1000)) != NULL) {
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (int i = 0; i < 1000; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, 1000);
			total += 1000;
		}
		assert_in_range(total, 90000, 100000);
		arena_reset(a);
	}
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_alloc(a, 100001));
	assert_string_equal(arena_printf(a, "%s-%d", "x", 5), "x-5");
	arena_free(a);
}

static void
json_lives_in_the_entered_arena(void **state)
{
	struct arena *a = arena_new(20000);
	json_t *outside = json_pack("{s:s}", "made", "before");

	(void)state;
	arena_enter(a);
	assert_non_null(json_loads("{\"a\":[1,2,3]}", 0, NULL));
	json_decref(outside); /* must reach free(), or the leak checker would report it */
	for (int i = 0; i < 1000; i++)
		if (json_string("text that fills the arena until it is full") == NULL) {
			arena_leave();
			arena_free(a);
			return;
		}
	fail_msg("the arena's limit did not bound jansson");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_find_their_route_and_ids),
		cmocka_unit_test(other_paths_are_not_found),
		cmocka_unit_test(another_method_gets_the_allowed_ones),
		cmocka_unit_test(an_arena_gives_zeroed_memory_up_to_its_limit),
		cmocka_unit_test(json_lives_in_the_entered_arena),
	};

	return RUN(tests);
}
