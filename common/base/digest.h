/* digest.h - fingerprints (BLAKE2b) of requests, which distinguish a retry from a different
 * request.
 *
 *	struct digest d;
 *
 *	digest_begin(&d, sizeof fingerprint);
 *	digest_add_text(&d, op->merchant);
 *	digest_end(&d, fingerprint);
 *
 * Each part is prefixed with its length, so two different lists of parts never have the same bytes.
 * Fingerprints are stored: never change the parts of an existing one, or retries across an upgrade
 * would be refused.
 *
 * Lengths and numbers are hashed in the machine's byte order. So a database that moves to a machine
 * of the other order no longer recognizes the retries of earlier requests. */
#ifndef COMMON_BASE_DIGEST_H
#define COMMON_BASE_DIGEST_H

#include <sodium.h>
#include <stddef.h>

struct digest {
	crypto_generichash_state state;
	size_t bytes;
};

/* `bytes`: length of the result, 16 … 64. */
void digest_begin(struct digest *d, size_t bytes);
/* NULL counts as a part, different from an empty one. */
void digest_add(struct digest *d, const void *part, size_t bytes);
void digest_add_text(struct digest *d, const char *text);
/* The bytes without a length prefix: for layouts older than this file. */
void digest_add_raw(struct digest *d, const void *bytes, size_t count);
/* Writes `bytes` bytes, as passed to digest_begin(). The state is used up. */
void digest_end(struct digest *d, unsigned char *out);

#endif
