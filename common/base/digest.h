/* digest.h - fingerprints (BLAKE2b): of what was asked, so that a retry can be told from another
 *request.
 *
 *	struct digest d;
 *
 *	digest_begin(&d, sizeof fingerprint);
 *	digest_add_text(&d, op->merchant);
 *	digest_end(&d, fingerprint);
 *
 * Each part goes in behind its length, so no two different lists of parts have the same bytes.
 *Fingerprints are stored: the parts of one that exists must not change, or a retry across an
 *upgrade would be refused. */
#ifndef COMMON_BASE_DIGEST_H
#define COMMON_BASE_DIGEST_H

#include <sodium.h>
#include <stddef.h>

struct digest {
	crypto_generichash_state state;
	size_t bytes;
};

/* `bytes` of the result: 16 … 64. */
void digest_begin(struct digest *d, size_t bytes);
/* NULL is a part of its own, different from an empty one. */
void digest_add(struct digest *d, const void *part, size_t bytes);
void digest_add_text(struct digest *d, const char *text);
/* The bytes alone, without their length: for layouts older than this file. */
void digest_add_raw(struct digest *d, const void *bytes, size_t count);
void digest_end(struct digest *d, unsigned char *out);

#endif
