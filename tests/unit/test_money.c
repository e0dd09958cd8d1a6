/* test_money.c - amounts: overflow is detected, decimals are exact, currencies have a minor unit.
 */
#include "common/base/money.h"
#include "tests/unit/unit.h"

static struct money
minor(int64_t v)
{
	return (struct money){ .minor = v };
}

static void
sums_stop_at_the_largest_safe_integer(void **state)
{
	struct money sum = minor(7);

	(void)state;
	assert_true(money_add(minor(MONEY_MAX - 1), minor(1), &sum));
	assert_int_equal(sum.minor, MONEY_MAX);
	assert_false(money_add(minor(MONEY_MAX), minor(1), &sum));
	assert_int_equal(sum.minor, MONEY_MAX);
	assert_false(money_add(minor(INT64_MAX), minor(1), &sum));
	assert_true(money_subtract(minor(-MONEY_MAX + 1), minor(1), &sum));
	assert_int_equal(sum.minor, -MONEY_MAX);
	assert_false(money_subtract(minor(-MONEY_MAX), minor(1), &sum));
	assert_false(money_subtract(minor(INT64_MIN), minor(1), &sum));
}

static void
currencies_have_their_minor_unit(void **state)
{
	static const struct {
		const char *code;
		int exponent;
	} known[] = { { "EUR", 2 }, { "JPY", 0 }, { "KWD", 3 }, { "BRL", 2 }, { "ZWG", 2 },
		{ "BIF", 0 }, { "TND", 3 }, { "AED", 2 }, { "XXX", -1 }, { "eur", -1 },
		{ "EU", -1 }, { "", -1 }, { "URU", -1 }, { "D A", -1 }, { "EURO", -1 },
		{ "XAU", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		assert_int_equal(currency_exponent(known[i].code), known[i].exponent);
}

static void
decimals_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int exponent;
		int64_t value; /* -1: refused */
	} cases[] = { { "12.34", 2, 1234 }, { "12", 2, 1200 }, { "0.5", 2, 50 }, { "0.29", 2, 29 },
		{ "1.10", 2, 110 }, { "4.35", 2, 435 }, { "1.005", 3, 1005 }, { "5", 0, 5 },
		{ "5.00", 0, 5 }, { "5.10", 0, -1 }, { "1.234", 2, -1 }, { "1.230", 2, 123 },
		{ "90071992547409.91", 2, MONEY_MAX }, { "90071992547409.92", 2, -1 },
		{ "9007199254740991", 0, MONEY_MAX }, { "9007199254740992", 0, -1 },
		{ "99999999999999999999999999", 2, -1 }, { "", 2, -1 }, { ".5", 2, -1 },
		{ "5.", 2, -1 }, { "-1", 2, -1 }, { "+1", 2, -1 }, { "1e3", 2, -1 },
		{ "1,5", 2, -1 }, { " 1", 2, -1 }, { "1 ", 2, -1 }, { "0x1", 2, -1 },
		{ "1.2.3", 2, -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct money m = minor(-1);

		assert_int_equal(money_from_major(cases[i].text, cases[i].exponent, &m),
			cases[i].value >= 0);
		assert_int_equal(m.minor, cases[i].value);
	}
}

static void
decimals_are_written_with_every_digit(void **state)
{
	static const struct {
		int64_t value;
		int exponent;
		const char *text;
	} cases[] = { { 1234, 2, "12.34" }, { 5, 2, "0.05" }, { -5, 2, "-0.05" },
		{ -1234, 3, "-1.234" }, { 7, 0, "7" }, { 0, 2, "0.00" },
		{ MONEY_MAX, 2, "90071992547409.91" }, { -MONEY_MAX, 0, "-9007199254740991" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[24];
		struct money back;

		money_to_major(minor(cases[i].value), cases[i].exponent, out);
		assert_string_equal(out, cases[i].text);
		if (cases[i].value >= 0) {
			assert_true(money_from_major(out, cases[i].exponent, &back));
			assert_int_equal(back.minor, cases[i].value);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_stop_at_the_largest_safe_integer),
		cmocka_unit_test(currencies_have_their_minor_unit),
		cmocka_unit_test(decimals_are_read_exactly),
		cmocka_unit_test(decimals_are_written_with_every_digit),
	};

	return RUN(tests);
}
