/* money.h - amounts as a type: integers in a currency's minor unit (ISO 4217). No floating point
 * touches them. */
#ifndef COMMON_BASE_MONEY_H
#define COMMON_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/* 2^53 - 1: the largest integer that every JSON reader keeps exact (RFC 8259, section 6). */
#define MONEY_MAX INT64_C(9007199254740991)

/* A struct of its own, so the compiler refuses to mix amounts with counts, versions or
 * milliseconds. The currency is the wallet's. */
struct money {
	int64_t minor;
};

/* False, with nothing written, if the result would leave -MONEY_MAX … MONEY_MAX. */
bool money_add(struct money a, struct money b, struct money *sum) MUST_CHECK;
bool money_subtract(struct money a, struct money b, struct money *difference) MUST_CHECK;

/* Decimal digits of the currency's minor unit (ISO 4217 list one), or -1 for an unknown code. */
int currency_exponent(const char *currency);

/* Reads a decimal in major units ("12.34", "12", "0.5") exactly. Refuses a sign, an exponent, or
 * more digits than the currency has. */
bool money_from_major(const char *text, int exponent, struct money *out) MUST_CHECK;
/* Writes major units with exactly `exponent` decimals: 1234, 2 → "12.34". */
void money_to_major(struct money m, int exponent, char out[24]);

#endif
