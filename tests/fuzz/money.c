/* money.c - fuzzes amounts: decimals in major units, their one spelling, and sums. Lines: a
 * currency, a decimal, and two integers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bind.h"
#include "domain/ledger/decimal.h"
#include "tests/fuzz/fuzz.h"

static void
currency_check(const char *currency, int exponent)
{
	CHECK(exponent == -1 || exponent == 0 || exponent == 2 || exponent == 3, "%d", exponent);
	if (exponent >= 0)
		CHECK(strlen(currency) == 3 &&
			strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3, "%s", currency);
}

/* Compared with the C library's floating point: exact for what it can hold. */
static void
decimal_check(const char *sent, const char *plain)
{
	char again[DECIMAL_MAX];
	long double a = strtold(sent, NULL), b = strtold(plain, NULL);

	CHECK(decimal_plain(plain, again, sizeof again) && strcmp(plain, again) == 0,
		"%s becomes %s", plain, again);
	CHECK(fabsl(a - b) <= a * 1e-15L, "%s becomes %s", sent, plain);
}

static void
money_check(const char *plain, int exponent)
{
	char major[24], again[DECIMAL_MAX];
	struct money m, back;

	if (!money_from_major(plain, exponent, &m))
		return;
	CHECK(m.minor >= 0 && m.minor <= MONEY_MAX, "%lld", (long long)m.minor);
	money_to_major(m, exponent, major);
	CHECK(money_from_major(major, exponent, &back) && back.minor == m.minor, "%s", major);
	CHECK(decimal_plain(major, again, sizeof again) && strcmp(again, plain) == 0,
		"%s becomes %s", plain, major);
}

static void
sums_check(int64_t a, int64_t b)
{
	struct money x = { a }, y = { b }, out;
	__int128 sum = (__int128)a + b, difference = (__int128)a - b;

	if (a < -MONEY_MAX || a > MONEY_MAX || b < -MONEY_MAX || b > MONEY_MAX)
		return;
	if (money_add(x, y, &out))
		CHECK(out.minor == sum, "%lld + %lld", (long long)a, (long long)b);
	else
		CHECK(sum > MONEY_MAX || sum < -MONEY_MAX, "%lld + %lld", (long long)a,
			(long long)b);
	if (money_subtract(x, y, &out))
		CHECK(out.minor == difference, "%lld - %lld", (long long)a, (long long)b);
	else
		CHECK(difference > MONEY_MAX || difference < -MONEY_MAX, "%lld - %lld",
			(long long)a, (long long)b);
}

FUZZ_TARGET(money)
{
	char *currency = fuzz_line(in), *sent = fuzz_line(in), *first = fuzz_line(in),
	     *second = fuzz_line(in), plain[DECIMAL_MAX];
	int exponent = currency_exponent(currency);
	int64_t a, b;

	currency_check(currency, exponent);
	if (decimal_plain(sent, plain, sizeof plain)) {
		decimal_check(sent, plain);
		money_check(plain, exponent >= 0 ? exponent : 2);
	}
	if (number_parse(first, &a))
		CHECK(a == strtoll(first, NULL, 10), "%s", first);
	if (number_parse(first, &a) && number_parse(second, &b))
		sums_check(a, b);
}
