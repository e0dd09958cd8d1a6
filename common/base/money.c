/* money.c - checked arithmetic, and the minor units of ISO 4217. */
#include "common/base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool
fits(int64_t v)
{
	return v >= -MONEY_MAX && v <= MONEY_MAX;
}

/* The type's own overflow first, then the tighter limit of JSON. */
bool
money_add(struct money a, struct money b, struct money *sum)
{
	int64_t v;

	if (__builtin_add_overflow(a.minor, b.minor, &v) || !fits(v))
		return false;
	sum->minor = v;
	return true;
}

bool
money_subtract(struct money a, struct money b, struct money *difference)
{
	int64_t v;

	if (__builtin_sub_overflow(a.minor, b.minor, &v) || !fits(v))
		return false;
	difference->minor = v;
	return true;
}

/* ISO 4217 list one: codes whose minor unit is not 2, then those with 2. A wallet cannot hold
 * funds, metals or test codes, so they are left out. */
static const struct {
	int exponent;
	const char *codes;
} currencies[] = {
	{ 0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF" },
	{ 3, "BHD IQD JOD KWD LYD OMR TND" },
	{ 2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN "
	     "BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD "
	     "FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR "
	     "KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
	     "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD "
	     "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD "
	     "TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG" },
};

int
currency_exponent(const char *currency)
{
	if (strlen(currency) != 3 || strchr(currency, ' ') != NULL)
		return -1;
	for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++) {
		const char *found = strstr(currencies[i].codes, currency);

		if (found != NULL && (found - currencies[i].codes) % 4 == 0)
			return currencies[i].exponent;
	}
	return -1;
}

/* *v never exceeds MONEY_MAX before, so ten times that still fits into 64 bits. */
static bool
digit_append(int64_t *v, char c)
{
	if (c < '0' || c > '9')
		return false;
	*v = *v * 10 + (c - '0');
	return *v <= MONEY_MAX;
}

bool
money_from_major(const char *text, int exponent, struct money *out)
{
	const char *p = text;
	int64_t v = 0;
	int decimals = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p != '\0' && *p != '.'; p++)
		if (!digit_append(&v, *p))
			return false;
	if (*p == '.' && *++p == '\0')
		return false;
	for (; *p != '\0'; p++) {
		/* Zeros past the minor unit change nothing ("5.00" yen); any other digit would be
		 * lost. */
		if (decimals == exponent && *p == '0')
			continue;
		if (decimals == exponent || !digit_append(&v, *p))
			return false;
		decimals++;
	}
	for (; decimals < exponent; decimals++)
		if (!digit_append(&v, '0'))
			return false;
	out->minor = v;
	return true;
}

void
money_to_major(struct money m, int exponent, char out[24])
{
	uint64_t v = m.minor < 0 ? (uint64_t)-m.minor : (uint64_t)m.minor;
	uint64_t unit = 1;

	for (int i = 0; i < exponent; i++)
		unit *= 10;
	if (exponent == 0)
		snprintf(out, 24, "%s%" PRIu64, m.minor < 0 ? "-" : "", v);
	else
		snprintf(out, 24, "%s%" PRIu64 ".%0*" PRIu64, m.minor < 0 ? "-" : "", v / unit,
			exponent, v % unit);
}
