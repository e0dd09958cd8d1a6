/* backoff.h - pauses between attempts: 100 ms doubling to 5 s, each drawn from its upper half. */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

/* Begin with zeroes; set attempts to 0 again after a success. */
struct backoff {
	unsigned attempts;
};

/* The next pause in milliseconds. */
int backoff_next_ms(struct backoff *b);

#endif
