/* backoff.c - pauses that grow; see backoff.h. */
#include "common/base/backoff.h"

#include "common/base/random.h"

int
backoff_next_ms(struct backoff *b)
{
	int longest = b->attempts < 6 ? 100 << b->attempts : 5000;

	b->attempts++;
	return longest / 2 + (int)random_below((uint32_t)longest / 2 + 1);
}
