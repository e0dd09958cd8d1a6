/* part.h - a file in the making: written below another name, hashed as it grows, and put in its
 * place when it is whole.
 *
 * After a crash it goes on at a length that is known to be on disk: what lies behind is cut off,
 * what lies before is hashed again. The same job writes the same bytes, so even two writers at once
 * would do no harm. One thread's. */
#ifndef DOMAIN_STATEMENT_PART_H
#define DOMAIN_STATEMENT_PART_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define PART_PATH 640

struct part {
	int fd;
	int64_t bytes;
	crypto_hash_sha256_state hash;
	char path[PART_PATH];  /* while it is made */
	char place[PART_PATH]; /* then */
};

/* What part_open() would write to, without opening it: for part_discard(). "" where the path is too
 * long. */
void part_name(struct part *p, const char *folder, const char *name);
/* Opens the part of folder/name and goes on behind its first `bytes`; where they are not all there,
 * at 0 (see part->bytes). Makes the folder where it is missing. Errors here and below:
 * ERR_UNAVAILABLE, logged (a full disk, no permission). */
enum error part_open(
	struct part *p, const char *folder, const char *name, int64_t bytes) MUST_CHECK;
enum error part_write(struct part *p, const void *data, size_t bytes) MUST_CHECK;
/* Returns when all that was written is on disk. */
enum error part_sync(struct part *p) MUST_CHECK;
/* Syncs, puts the file in its place for good, and closes. */
enum error part_finish(struct part *p, unsigned char sha256[crypto_hash_sha256_BYTES]) MUST_CHECK;
/* Closes; what is on disk stays, to go on from. Twice is harmless. */
void part_close(struct part *p);
/* Closes and removes what there is, in the making or in its place. */
void part_discard(struct part *p);

#endif
