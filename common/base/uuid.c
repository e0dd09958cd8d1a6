/* uuid.c - makes, reads and writes UUIDs; see uuid.h. */
#include "common/base/uuid.h"

#include "common/base/clock.h"
#include "common/base/random.h"

/* Random first, then time over it. Sub-millisecond time keeps ids of one process in order, so an
 * index grows at its end. */
struct uuid
uuid_v7(void)
{
	instant_us now = clock_now();
	uint64_t ms = (uint64_t)(now / US_PER_MS);
	/* The fraction of the millisecond, in 12 bits. */
	unsigned sub = (unsigned)((now % US_PER_MS) * 4096 / US_PER_MS);
	struct uuid u;

	random_fill(u.bytes, sizeof u.bytes);
	for (int i = 0; i < 6; i++)
		u.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	u.bytes[6] = (uint8_t)(0x70 | (sub >> 8));
	u.bytes[7] = (uint8_t)sub;
	u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
	return u;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
dash_at(int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* Stops at the first wrong character, a NUL included, so it never reads past a short text. */
bool
uuid_parse(const char *text, struct uuid *u)
{
	int n = 0;

	for (int i = 0; i < UUID_TEXT - 1; i++) {
		int high, low;

		if (dash_at(i)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if ((high = hex(text[i])) < 0 || (low = hex(text[i + 1])) < 0)
			return false;
		u->bytes[n++] = (uint8_t)(high << 4 | low);
		i++;
	}
	return text[UUID_TEXT - 1] == '\0';
}

void
uuid_format(const struct uuid *u, char out[UUID_TEXT])
{
	static const char digit[] = "0123456789abcdef";
	int n = 0;

	for (int i = 0; i < UUID_TEXT - 1; i++) {
		if (dash_at(i)) {
			out[i] = '-';
			continue;
		}
		out[i++] = digit[u->bytes[n] >> 4];
		out[i] = digit[u->bytes[n++] & 15];
	}
	out[UUID_TEXT - 1] = '\0';
}
