/* decimal.h - decimal numbers as text, digit for digit: no amount passes through floating point. */
#ifndef DOMAIN_LEDGER_DECIMAL_H
#define DOMAIN_LEDGER_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

#define DECIMAL_MAX 256 /* of a number as it is sent, including the NUL */

/* Reads "25.50", ".5", "5.", "1E2" and "5e-1" alike, without a sign, and writes the number without
 * an exponent and without zeros at its ends. False if it is none, or too long. */
bool decimal_plain(const char *sent, char *out, size_t room) MUST_CHECK;

#endif
