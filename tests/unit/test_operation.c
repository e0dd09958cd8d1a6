/* test_operation.c - the body of a transaction: what is accepted or refused, what is the same
 * request. */
#include "common/base/caller.h"
#include "domain/ledger/ledger.h"
#include "tests/unit/unit.h"

#define ID "018f6f2e-7b1c-7cc0-8000-00000000abcd"

static struct arena *arena;

static enum error
read_body(const char *json, bool trusted, struct operation *op, const char **pointer)
{
	static char first[64];
	struct faults f = { 0 };
	json_t *o = json_loads(json, 0, NULL);
	enum error e;

	assert_non_null(o);
	*op = operation_zero();
	e = operation_read(o, trusted ? DOOR_EVENT : DOOR_REQUEST, "", arena, op, &f);
	first[0] = '\0';
	if (f.list != NULL)
		snprintf(first, sizeof first, "%s",
			json_string_value(json_object_get(json_array_get(f.list, 0), "pointer")));
	*pointer = first;
	json_decref(f.list);
	if (e == OK)
		operation_fingerprint(op);
	return e; /* the arena owns o, as in a request: op borrows its text */
}

static void
accepts(const char *json, bool trusted)
{
	struct operation op;
	const char *pointer;

	assert_int_equal(read_body(json, trusted, &op, &pointer), OK);
}

static void
refuses(const char *json, const char *where)
{
	struct operation op;
	const char *pointer;

	assert_int_equal(read_body(json, false, &op, &pointer), ERR_INVALID_REQUEST);
	assert_string_equal(pointer, where);
}

static void
bodies_are_checked_by_kind(void **state)
{
	(void)state;
	accepts("{\"kind\":\"deposit\",\"amount\":1}", false);
	accepts("{\"kind\":\"withdrawal\",\"amount\":9007199254740991,\"wallet_id\":\"" ID "\"}", false);
	accepts("{\"kind\":\"purchase\",\"amount\":5,\"merchant\":\"Bakery\",\"description\":\"\",\"metadata\":{\"a\":[1.5]}}", false);
	accepts("{\"kind\":\"cancellation\",\"reference_id\":\"" ID "\"}", false);
	accepts("{\"kind\":\"reversal\",\"reference_id\":\"" ID "\",\"amount\":3}", false);
	refuses("{}", "/kind");
	refuses("{\"kind\":\"opening\",\"amount\":1}", "/kind");
	refuses("{\"kind\":\"deposit\"}", "/amount");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"reference_id\":\"" ID "\"}", "/reference_id");
	refuses("{\"kind\":\"cancellation\",\"amount\":1}", "/reference_id");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"user_id\":\"" ID "\"}", "/user_id");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"idempotency_key\":\"k\"}", "/idempotency_key");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":\"x\"}", "/metadata");
}

static void
trusted_callers_can_set_the_user_and_the_key(void **state)
{
	struct operation op;
	const char *pointer;

	(void)state;
	assert_int_equal(read_body("{\"kind\":\"deposit\",\"amount\":1,\"user_id\":\"" ID "\",\"idempotency_key\":\"k-1\"}", true,
		&op, &pointer), OK);
	assert_true(op.has_owner && !op.has_wallet);
	assert_string_equal(op.key, "k-1");
	assert_int_equal(read_body("{\"kind\":\"deposit\",\"amount\":1,\"idempotency_key\":\"k 1\"}", true, &op, &pointer),
		ERR_INVALID_REQUEST);
	assert_string_equal(pointer, "/idempotency_key");
}

static bool
same(const char *a, const char *b)
{
	struct operation x, y;
	const char *pointer;

	assert_int_equal(read_body(a, false, &x, &pointer), OK);
	assert_int_equal(read_body(b, false, &y, &pointer), OK);
	return memcmp(x.fingerprint, y.fingerprint, sizeof x.fingerprint) == 0;
}

static void
the_fingerprint_covers_the_request(void **state)
{
	(void)state;
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1}", "{ \"amount\" : 1, \"kind\":\"deposit\", \"merchant\":null }"));
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":1,\"b\":{\"c\":2,\"d\":3}}}",
		"{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"b\":{\"d\":3,\"c\":2},\"a\":1}}"));
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1,\"wallet_id\":\"" ID "\"}", "{\"kind\":\"deposit\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1}", "{\"kind\":\"deposit\",\"amount\":2}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1}", "{\"kind\":\"withdrawal\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"purchase\",\"amount\":1,\"merchant\":\"ab\",\"description\":\"c\"}",
		"{\"kind\":\"purchase\",\"amount\":1,\"merchant\":\"a\",\"description\":\"bc\"}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1,\"description\":\"\"}", "{\"kind\":\"deposit\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":1}}", "{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":2}}"));
}

static void
keys_are_visible_ascii(void **state)
{
	char long_key[KEY_MAX + 2];

	(void)state;
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	assert_true(key_is_good("order-17!~"));
	assert_false(key_is_good(""));
	assert_false(key_is_good("a b"));
	assert_false(key_is_good("\xc3\xa9"));
	assert_false(key_is_good(long_key));
	assert_true(key_is_good(long_key + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_checked_by_kind),
		cmocka_unit_test(trusted_callers_can_set_the_user_and_the_key),
		cmocka_unit_test(the_fingerprint_covers_the_request),
		cmocka_unit_test(keys_are_visible_ascii),
	};
	int failed;

	arena = arena_new(1 << 20);
	arena_enter(arena);
	failed = RUN(tests);
	arena_leave();
	arena_free(arena);
	return failed;
}
