/* argon2.c - the floor for sign-ins: argon2id verifications per second in a loop, with the Auth
 * service's parameters.
 *
 *   argon2 SECONDS THREADS MEMORY_BYTES PASSES        prints the rate */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define THREADS_MAX 64
#define PASSWORD "a bench has a long password"

static char hash[crypto_pwhash_STRBYTES];
static double seconds;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *
loop(void *count)
{
	double end = now() + seconds;

	while (now() < end && crypto_pwhash_str_verify(hash, PASSWORD, sizeof PASSWORD - 1) == 0)
		++*(long *)count;
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	long counts[THREADS_MAX] = { 0 }, sum = 0;
	int n = argc == 5 ? (int)strtol(argv[2], NULL, 10) : 0;
	double begun;

	if (n < 1 || n > THREADS_MAX || sodium_init() < 0) {
		fprintf(stderr, "usage: argon2 SECONDS THREADS MEMORY_BYTES PASSES\n");
		return 2;
	}
	seconds = strtod(argv[1], NULL);
	if (crypto_pwhash_str(hash, PASSWORD, sizeof PASSWORD - 1, strtoull(argv[4], NULL, 10),
		    strtoull(argv[3], NULL, 10)) != 0)
		return 1;
	begun = now();
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, loop, &counts[i]) != 0)
			return 1;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum += counts[i];
	}
	printf("%.2f\n", (double)sum / (now() - begun));
	return 0;
}
