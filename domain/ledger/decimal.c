/* decimal.c - one spelling for the many that a decimal can have; see decimal.h. */
#include "domain/ledger/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POWER_MAX 1000 /* beyond any amount, whatever its digits */

/* A decimal as its significant digits: their value times ten to `exponent`. */
struct decimal {
	char digits[DECIMAL_MAX];
	int count;
	long exponent;
};

/* Collects digits before or after the point. False: too many. */
static bool
take_digits(struct decimal *d, const char **p, bool after_point)
{
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (after_point)
			d->exponent--;
		if (d->count == 0 && **p == '0')
			continue;
		if (d->count == (int)sizeof(d->digits) - 1)
			return false;
		d->digits[d->count++] = **p;
	}
	return true;
}

static bool
decimal_read(const char *text, struct decimal *d)
{
	const char *p = text;
	char *end;
	size_t digits;
	long power;

	*d = (struct decimal){ 0 };
	digits = strspn(p, "0123456789");
	if (!take_digits(d, &p, false))
		return false;
	if (*p == '.') {
		p++;
		digits += strspn(p, "0123456789");
		if (!take_digits(d, &p, true))
			return false;
	}
	if (digits > 0 && (*p == 'e' || *p == 'E')) {
		const char *number = ++p;

		p += *p == '+' || *p == '-';
		if (*p < '0' || *p > '9')
			return false;
		power = strtol(number, &end, 10);
		if (power > POWER_MAX || power < -POWER_MAX)
			return false;
		d->exponent += power;
		p = end;
	}
	while (d->count > 0 && d->digits[d->count - 1] == '0') {
		d->count--;
		d->exponent++;
	}
	return digits > 0 && *p == '\0';
}

/* Writes a decimal without an exponent and without zeros at its ends. */
static bool
decimal_write(const struct decimal *d, char *out, size_t room)
{
	static const char zeros[] = "0000000000000000000000000000000000000000";
	long before = d->count + d->exponent; /* digits before the point */
	long most = (long)sizeof(zeros) - 1;
	int n;

	if (before > most || d->exponent < -most)
		return false;
	if (d->count == 0)
		n = snprintf(out, room, "0");
	else if (d->exponent >= 0)
		n = snprintf(out, room, "%.*s%.*s", d->count, d->digits, (int)d->exponent, zeros);
	else if (before > 0)
		n = snprintf(out, room, "%.*s.%.*s", (int)before, d->digits, (int)-d->exponent,
			d->digits + before);
	else
		n = snprintf(out, room, "0.%.*s%.*s", (int)-before, zeros, d->count, d->digits);
	return n > 0 && (size_t)n < room;
}

bool
decimal_plain(const char *sent, char *out, size_t room)
{
	struct decimal d;

	return decimal_read(sent, &d) && decimal_write(&d, out, room);
}
