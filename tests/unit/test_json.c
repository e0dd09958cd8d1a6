/* test_json.c - what json_read() takes and what it refuses, with which error and which words. */
#include "common/base/arena.h"
#include "common/base/json.h"
#include "tests/unit/unit.h"

static void
refuses(const char *text, size_t bytes, enum error e, const char *why)
{
	char reason[JSON_REASON];
	json_t *value = json_null();

	assert_int_equal(json_read(text, bytes, &value, reason), e);
	assert_null(value);
	if (strstr(reason, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, why);
}

#define REFUSES(literal, e, why) refuses(literal, sizeof(literal) - 1, e, why)

static void
any_value_is_read(void **state)
{
	static const char *const texts[] = { "{}", " [1, 2.5e-3, true, null] ", "7",
		"\"a\\\\\\\"[[\"", "{\"a\":{\"b\":[]}}" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char reason[JSON_REASON];
		json_t *value;

		assert_int_equal(json_read(texts[i], strlen(texts[i]), &value, reason), OK);
		assert_non_null(value);
		assert_string_equal(reason, "");
		json_decref(value);
	}
}

static void
what_is_not_json_is_malformed(void **state)
{
	(void)state;
	REFUSES("", ERR_MALFORMED_JSON, "line 1");
	REFUSES("{", ERR_MALFORMED_JSON, "line 1");
	REFUSES("{}\n{}", ERR_MALFORMED_JSON, "line 2");
	REFUSES("{\"a\":1,\"a\":1}", ERR_MALFORMED_JSON, "duplicate");
	REFUSES("\"\xff\"", ERR_MALFORMED_JSON, "decode");
	REFUSES("[01]", ERR_MALFORMED_JSON, "line 1");
}

static void
a_nul_byte_is_refused_before_parsing(void **state)
{
	(void)state;
	REFUSES("{\"amount\":5\0}", ERR_MALFORMED_JSON, "byte 12 is NUL");
	REFUSES("{}\0", ERR_MALFORMED_JSON, "is NUL");
	REFUSES("\0{}", ERR_MALFORMED_JSON, "byte 1 is NUL");
}

static void
valid_json_that_we_do_not_take_is_an_invalid_request(void **state)
{
	(void)state;
	REFUSES("[99999999999999999999]", ERR_INVALID_REQUEST, "the number is too large");
	REFUSES("[1e999]", ERR_INVALID_REQUEST, "the number is too large");
	REFUSES("[\"a\\u0000b\"]", ERR_INVALID_REQUEST, "U+0000 is not accepted");
	REFUSES("{\"a\\u0000b\":1}", ERR_INVALID_REQUEST, "U+0000 is not accepted");
}

static void
nesting_is_bounded(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 2], reason[JSON_REASON];
	json_t *value;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(json_read(text, 2 * JSON_DEPTH_MAX, &value, reason), OK);
	json_decref(value);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	refuses(text, sizeof text, ERR_MALFORMED_JSON, "nested more than 32 levels");
}

static void
a_full_arena_is_too_large(void **state)
{
	static const char text[] =
		"{\"a\":[1,2,3,4,5,6,7,8,9],\"b\":\"0123456789012345678901234567890123456789\"}";
	enum error e;

	(void)state;
	for (size_t limit = 0; ; limit += 64) {
		struct arena *arena = arena_new(limit);
		char reason[JSON_REASON];
		json_t *value;

		arena_enter(arena);
		e = json_read(text, sizeof text - 1, &value, reason);
		arena_leave();
		arena_free(arena);
		if (e == OK)
			break;
		if (e != ERR_TOO_LARGE)
			fail_msg("%d at %zu: %s", (int)e, limit, reason);
		assert_true(limit < 100000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_value_is_read),
		cmocka_unit_test(what_is_not_json_is_malformed),
		cmocka_unit_test(a_nul_byte_is_refused_before_parsing),
		cmocka_unit_test(valid_json_that_we_do_not_take_is_an_invalid_request),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(a_full_arena_is_too_large),
	};

	return RUN(tests);
}
