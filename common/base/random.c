/* random.c - libsodium's randomness, or a repeatable stream for tests. */
#include "common/base/random.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char seed_bytes[randombytes_SEEDBYTES];
static uint64_t seeded, counter;

/* libsodium's own generator, seeded by the kernel: no system call per id. */
static void
start(void)
{
	randombytes_set_implementation(&randombytes_internal_implementation);
	if (sodium_init() < 0)
		sodium_misuse(); /* no source of randomness: nothing would be secure */
}

/* The repeatable stream takes a new seed per call: the test's seed and a counter. */
void
random_fill(void *out, size_t bytes)
{
	pthread_once(&once, start);
	if (seeded == 0) {
		randombytes_buf(out, bytes);
		return;
	}
	memset(seed_bytes, 0, sizeof seed_bytes);
	memcpy(seed_bytes, &seeded, sizeof seeded);
	counter++;
	memcpy(seed_bytes + 8, &counter, sizeof counter);
	randombytes_buf_deterministic(out, bytes, seed_bytes);
}

uint32_t
random_below(uint32_t bound)
{
	uint32_t v;

	pthread_once(&once, start);
	if (seeded == 0)
		return randombytes_uniform(bound);
	random_fill(&v, sizeof v);
	return v % bound;
}

void
random_fix(uint64_t seed)
{
	seeded = seed;
	counter = 0;
}
