/* random.h - the only place that makes random bytes and ids, so that tests can fix them.
 * Thread-safe. */
#ifndef COMMON_BASE_RANDOM_H
#define COMMON_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Cryptographically secure. Never fails: without a source of randomness the program ends. */
void random_fill(void *out, size_t bytes);
/* Uniform in 0 … bound-1. */
uint32_t random_below(uint32_t bound);
/* For tests: a repeatable stream from `seed`; 0 restores real randomness. The repeatable stream
 * itself is not thread-safe. */
void random_fix(uint64_t seed);

#endif
