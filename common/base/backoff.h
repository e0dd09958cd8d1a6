/* backoff.h - pauses between attempts: each up to twice as long as the one before, drawn at random
 * from its upper half. */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

/* Begin with zeroes; set attempts to 0 again after a success. */
struct backoff {
	unsigned attempts;
};

/* The next pause between attempts to reach something that is away: up to 100 ms, doubling to 5 s.
 */
int backoff_next_ms(struct backoff *b);
/* The pause after the attempt with that number (0, 1, …), up to first_ms, doubling to most_ms. */
int backoff_pause_ms(unsigned attempt, int first_ms, int most_ms);

#endif
