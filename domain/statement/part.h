/* part.h - an unfinished file: has a temporary name, is hashed while it grows, and is renamed when
 * complete.
 *
 * After a crash, writing resumes at a length that is known to be on disk: the bytes after it are
 * truncated, the bytes before it hashed again. A job always writes the same bytes, so even two
 * concurrent writers do no harm. Not thread-safe. */
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
	char path[PART_PATH];  /* while unfinished */
	char place[PART_PATH]; /* once complete */
};

/* Sets the paths without opening the file, for part_discard(). "" if the path is too long. */
void part_name(struct part *p, const char *folder, const char *name);
/* Opens the unfinished folder/name and resumes after its first `bytes`, or at 0 if they are not all
 * there (see part->bytes). Creates the folder if it is missing. This and the functions below log
 * failures, such as a full disk, and return ERR_UNAVAILABLE. */
enum error part_open(struct part *p, const char *folder, const char *name,
	int64_t bytes) MUST_CHECK;
enum error part_write(struct part *p, const void *data, size_t bytes) MUST_CHECK;
/* Returns when everything written so far is on disk. */
enum error part_sync(struct part *p) MUST_CHECK;
/* Syncs the file, renames it to its final name, and closes it. */
enum error part_finish(struct part *p, unsigned char sha256[crypto_hash_sha256_BYTES]) MUST_CHECK;
/* Closes the file, and keeps it on disk to resume from. Idempotent. */
void part_close(struct part *p);
/* Closes the file and removes it, unfinished or complete. */
void part_discard(struct part *p);

#endif
