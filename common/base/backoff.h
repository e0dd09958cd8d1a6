/* backoff.h - exponential backoff: each pause is up to twice as long as the last, drawn at random
 * from its upper half.
 *
 * The jitter keeps clients that failed together from retrying together. */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

/* Zero-initialise; reset attempts to 0 after a success. */
struct backoff {
	unsigned attempts;
};

/* The next pause while a server is unreachable: up to 100 ms at first, doubling to 5 s. */
int backoff_next_ms(struct backoff *b);
/* The pause after attempt number `attempt` (0, 1, …): up to first_ms at first, doubling to
 * max_ms. */
int backoff_pause_ms(unsigned attempt, int first_ms, int max_ms);

#endif
