/* seal_key.h - the key that signs the sealed history, and what a signature covers.
 *
 * It is an Ed25519 key of its own, in seal.key in the key folder. The keys of tokens would not do:
 * they are replaced and deleted within hours, but a signature must be checkable for years. */
#ifndef DOMAIN_LEDGER_SEAL_KEY_H
#define DOMAIN_LEDGER_SEAL_KEY_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"

#define SEAL_HEAD crypto_hash_sha256_BYTES
#define SEAL_SIGNATURE crypto_sign_BYTES
#define SEAL_PUBLIC crypto_sign_PUBLICKEYBYTES

struct seal_key {
	unsigned char public[SEAL_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
};

/* The head of the sealed history at a seal, and who signed it when. */
struct seal_head {
	int64_t number;
	unsigned char head[SEAL_HEAD];
	instant_us at;
	unsigned char signature[SEAL_SIGNATURE], signer[SEAL_PUBLIC];
};

/* Reads the key. False if there is none (not logged), or if it is unreadable (logged). */
bool seal_key_read(struct seal_key *key) MUST_CHECK;
/* The same, but creates a missing key. Failures are logged. Several processes can call it at
 * once. */
bool seal_key_prepare(struct seal_key *key) MUST_CHECK;
void seal_key_wipe(struct seal_key *key);

/* Fills in signature and signer; everything else is given. */
void seal_head_sign(struct seal_head *h, const struct seal_key *key);
/* Whether its signer signed it. Whose key that is, the caller must know. */
bool seal_head_valid(const struct seal_head *h) MUST_CHECK;

#endif
