/* test_base64.c - base64url is read only as it is written: nothing can be written in two ways. */
#include <sodium.h>

#include "common/base/base64.h"
#include "tests/unit/unit.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static bool
reads(const char *text, const char *expected)
{
	char out[16];
	size_t n = 99;

	if (!base64_read(text, strlen(text), out, sizeof out, &n))
		return false;
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(out, expected, n);
	return true;
}

static void
what_was_written_is_read(void **state)
{
	(void)state;
	assert_true(reads("", ""));
	assert_true(reads("cHVyc2U", "purse"));
	assert_true(reads("_-__", "\xff\xef\xff"));
}

static void
nothing_else_is_read(void **state)
{
	(void)state;
	assert_false(reads("cHVyc2U=", ""));
	assert_false(reads("cHVyc2V", "")); /* a stray bit */
	assert_false(reads("c", ""));
	assert_false(reads("cHVy c2U", ""));
	assert_false(reads("cHVyc2Ugd2l0aCBtb3JlIHRoYW4gMTY", "")); /* no room */
}

/* libsodium reads bytes above 0x7f too. */
static void
each_byte_has_one_meaning(void **state)
{
	bool seen[256] = { false };

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = { (char)c, 'A' }, again[3];
		unsigned char out[4];
		size_t n;

		if (!base64_read(text, sizeof text, out, sizeof out, &n))
			continue;
		assert_int_equal(n, 1);
		assert_false(seen[out[0]]);
		seen[out[0]] = true;
		sodium_bin2base64(again, sizeof again, out, n, BASE64);
		assert_memory_equal(again, text, sizeof text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(nothing_else_is_read),
		cmocka_unit_test(each_byte_has_one_meaning),
	};

	return sodium_init() < 0 ? 1 : RUN(tests);
}
