/* test_operation.c - the body of a transaction: what is accepted or refused, what is the same
 * request. */
#include <sodium.h>

#include "common/base/caller.h"
#include "domain/ledger/operation.h"
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
	e = operation_read(&(struct json_sent){ o, { json, json + strlen(json) } },
		trusted ? ORIGIN_EVENT : ORIGIN_REQUEST, "", arena, op, &f);
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
	accepts("{\"kind\":\"withdrawal\",\"amount\":9007199254740991,\"wallet_id\":\"" ID "\"}",
		false);
	accepts("{\"kind\":\"purchase\",\"amount\":5,\"merchant\":\"Bakery\",\"description\":\"\","
		"\"metadata\":{\"a\":[1.5]}}", false);
	accepts("{\"kind\":\"cancellation\",\"reference_id\":\"" ID "\"}", false);
	accepts("{\"kind\":\"reversal\",\"reference_id\":\"" ID "\",\"amount\":3}", false);
	/* Its default is for every kind; what it changes is for captures. */
	accepts("{\"kind\":\"deposit\",\"amount\":1,\"final\":true}", false);
	accepts("{\"kind\":\"release\",\"reference_id\":\"" ID "\",\"final\":true}", true);
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"final\":false}", "/final");
	refuses("{}", "/kind");
	refuses("{\"kind\":\"opening\",\"amount\":1}", "/kind");
	refuses("{\"kind\":\"deposit\"}", "/amount");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"reference_id\":\"" ID "\"}", "/reference_id");
	refuses("{\"kind\":\"cancellation\",\"amount\":1}", "/reference_id");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"user_id\":\"" ID "\"}", "/user_id");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"idempotency_key\":\"k\"}",
		"/idempotency_key");
	refuses("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":\"x\"}", "/metadata");
}

static void
trusted_callers_can_set_the_user_and_the_key(void **state)
{
	struct operation op;
	const char *pointer;

	(void)state;
	assert_int_equal(read_body("{\"kind\":\"deposit\",\"amount\":1,\"user_id\":\"" ID "\","
		"\"idempotency_key\":\"k-1\"}", true,
		&op, &pointer), OK);
	assert_true(op.has_owner && !op.has_wallet);
	assert_string_equal(op.key, "k-1");
	assert_int_equal(read_body("{\"kind\":\"deposit\",\"amount\":1,"
		"\"idempotency_key\":\"k 1\"}", true, &op, &pointer),
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
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1}",
		"{ \"amount\" : 1, \"kind\":\"deposit\", \"merchant\":null }"));
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":1,\"b\":{\"c\":2,"
		"\"d\":3}}}",
		"{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"b\":{\"d\":3,\"c\":2},"
			"\"a\":1}}"));
	assert_true(same("{\"kind\":\"deposit\",\"amount\":1,\"wallet_id\":\"" ID "\"}",
		"{\"kind\":\"deposit\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1}",
		"{\"kind\":\"deposit\",\"amount\":2}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1}",
		"{\"kind\":\"withdrawal\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"purchase\",\"amount\":1,\"merchant\":\"ab\","
		"\"description\":\"c\"}",
		"{\"kind\":\"purchase\",\"amount\":1,\"merchant\":\"a\",\"description\":\"bc\"}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1,\"description\":\"\"}",
		"{\"kind\":\"deposit\",\"amount\":1}"));
	assert_false(same("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":1}}",
		"{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"a\":2}}"));
}

static void
fingerprint_is(const char *json, const char *stored)
{
	struct operation op;
	const char *pointer;
	char hex[2 * LEDGER_FINGERPRINT + 1];

	assert_int_equal(read_body(json, true, &op, &pointer), OK);
	sodium_bin2hex(hex, sizeof hex, op.fingerprint, sizeof op.fingerprint);
	assert_string_equal(hex, stored);
}

static void
metadata_is(const char *json, const char *expected)
{
	struct operation op;
	const char *pointer;

	assert_int_equal(read_body(json, false, &op, &pointer), OK);
	assert_string_equal(op.metadata, expected);
}

/* jansson would write 1.1000000000000001, 100.0 and 0.0. Only white space and needless escapes are
 * lost. */
static void
metadata_keeps_its_numbers_as_sent(void **state)
{
	(void)state;
	metadata_is("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"price\":1.1,"
		    "\"big\":123456789.123456789}}",
		"{\"price\":1.1,\"big\":123456789.123456789}");
	metadata_is("{ \"met\\u0061data\" : { \"a\" : [ 1E2 , 1.10, 1e-400, -0, -0.0 ], \"3\":4,"
		    "\"s\":\"1.50 \\\" 2\", \"t\":true } ,\"kind\":\"deposit\",\"amount\":1}",
		"{\"a\":[1E2,1.10,1e-400,-0,-0.0],\"3\":4,\"s\":\"1.50 \\\" 2\",\"t\":true}");
	metadata_is("{\"amount\":5,\"merchant\":null,\"kind\":\"deposit\",\"metadata\":{}}", "{}");
}

/* The limit is that of the text as sent, without white space. */
static void
metadata_is_bounded(void **state)
{
	static const char head[] = "{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"n\":[";
	char body[8192];
	struct operation op;
	const char *pointer;

	(void)state;
	for (int count = 1022; count <= 1023; count++) {
		int n = snprintf(body, sizeof body, "%s", head);

		for (int i = 0; i < count; i++)
			n += snprintf(body + n, sizeof body - (size_t)n, "%s1.1", i > 0 ? "," : "");
		snprintf(body + n, sizeof body - (size_t)n, "]}}");
		assert_int_equal(read_body(body, false, &op, &pointer),
			count == 1022 ? OK : ERR_INVALID_REQUEST);
		assert_string_equal(pointer, count == 1022 ? "" : "/metadata");
	}
}

/* They are in the database beside the keys: a retry across an upgrade must be told from another
 * request as before. */
static void
fingerprints_stay_as_they_were_stored(void **state)
{
	(void)state;
	fingerprint_is("{\"kind\":\"deposit\",\"amount\":1}",
		"dddb651f238ece029fb03e6437145e7df04b1122c99e23156b833eb11bfd98c6");
	fingerprint_is("{\"kind\":\"withdrawal\",\"amount\":9007199254740991,\"description\":\"\"}",
		"2b61b737defd3f77f47cf3c1cfcd711c6059b8cecb4326719fa9346deb3ee4c2");
	fingerprint_is("{\"kind\":\"purchase\",\"amount\":5,\"merchant\":\"Bakery\","
		"\"metadata\":{\"b\":[1.5],\"a\":{}}}",
		"24ad87ec0a11b61e73555902d157055f4ba1f05ee38cb7d2ecb777cf5ee153e3");
	fingerprint_is("{\"kind\":\"deposit\",\"amount\":1,\"metadata\":{\"small\":1e-400,"
		       "\"n\":[1.1,0,1.50],\"e\":1E2,\"big\":123456789.123456789}}",
		"e9054324191f442fb3359342007e744f5d53b02bcdca2ba8eda12d34d34e5958");
	fingerprint_is("{\"kind\":\"cancellation\",\"reference_id\":\"" ID "\"}",
		"b4aea167a37941db70b53058004a6a5477d725d6f8d713ca013e6a482fc78e0e");
	fingerprint_is("{\"kind\":\"reversal\",\"reference_id\":\"" ID "\",\"amount\":3}",
		"9b7c240b5675c1b884192d93d92fc16e3947071ed0b88a7ecc09686d4f5e4898");
	fingerprint_is("{\"kind\":\"hold\",\"amount\":7}",
		"5b5c5e9692f3925c31704be0b55ec932df363e971bce741b9dc31650ed68ebe1");
	fingerprint_is("{\"kind\":\"hold\",\"amount\":7,\"expires_at\":\"2020-01-01T00:00:00Z\","
		"\"idempotency_key\":\"k\"}",
		"0eb300d124b073ab9c8134679876165982ffc6aa4126ccd1665988cc1a6a5e51");
	fingerprint_is("{\"kind\":\"capture\",\"reference_id\":\"" ID "\"}",
		"742a411e5d4e4274aad73c8924dcda8856b48496aa0ad48015d1ef46e3e41319");
	fingerprint_is("{\"kind\":\"capture\",\"reference_id\":\"" ID "\",\"amount\":2,"
		"\"final\":false}",
		"2d6d30244b8555c8fd42e16338ce123fa85591a0e1c88f3a950d20ff45f364ce");
	fingerprint_is("{\"kind\":\"release\",\"reference_id\":\"" ID "\"}",
		"8fc4c4dff70c5ded1bc8c76b4c6571c27add82765be58ab85764297f362b3d06");
	fingerprint_is("{\"kind\":\"transfer\",\"amount\":4,\"to_wallet_id\":\"" ID "\"}",
		"94b388a2773cda21cc0d074d2e246bc6b369ecc7c7fc92c388c0b94381a47ccf");
}

static void
keys_are_visible_ascii(void **state)
{
	char long_key[KEY_MAX + 2];

	(void)state;
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	assert_true(key_is_valid("order-17!~"));
	assert_false(key_is_valid(""));
	assert_false(key_is_valid("a b"));
	assert_false(key_is_valid("\xc3\xa9"));
	assert_false(key_is_valid(long_key));
	assert_true(key_is_valid(long_key + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_checked_by_kind),
		cmocka_unit_test(trusted_callers_can_set_the_user_and_the_key),
		cmocka_unit_test(metadata_keeps_its_numbers_as_sent),
		cmocka_unit_test(metadata_is_bounded),
		cmocka_unit_test(the_fingerprint_covers_the_request),
		cmocka_unit_test(fingerprints_stay_as_they_were_stored),
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
