/* backoff.c - growing pauses between retries; see backoff.h. */
#include "common/base/backoff.h"

#include "common/base/random.h"

#define FIRST_MS 100
#define MAX_MS 5000

/* Half of each pause is fixed, so no retry follows at once; the other half is jitter. */
int
backoff_pause_ms(unsigned attempt, int first_ms, int max_ms)
{
	int longest = first_ms;

	for (; attempt > 0 && longest < max_ms; attempt--)
		longest = longest <= max_ms / 2 ? longest * 2 : max_ms;
	return longest / 2 + (int)random_below((uint32_t)longest / 2 + 1);
}

int
backoff_next_ms(struct backoff *b)
{
	return backoff_pause_ms(b->attempts++, FIRST_MS, MAX_MS);
}
