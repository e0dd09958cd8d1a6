/* keys.h - the signing keys in use: signs with the newest, verifies with any that has not expired,
 * publishes all of them.
 *
 * Thread-safe. Checks the folder with one stat() before each signature and for each unknown kid,
 * and otherwise once a second. So `purse key rotate` needs no restart. */
#ifndef DOMAIN_IDENTITY_KEYS_H
#define DOMAIN_IDENTITY_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/uuid.h"

#define KEY_SIGNATURE 64 /* r and s, 32 bytes each (RFC 7518, 3.4) */

/* Uses KEY_DIR. With `make`, creates what is missing there. Processes that only verify pass false
 * and read the keys when they first need one. */
bool keys_start(bool make) MUST_CHECK;
void keys_stop(void);

/* The kid of the newest key; ERR_UNAVAILABLE if there is no key. */
enum error keys_current(char kid[UUID_TEXT]) MUST_CHECK;
/* ERR_UNAVAILABLE if the key has expired in the meantime. */
enum error keys_sign(const char *kid, const char *text, size_t bytes,
	unsigned char signature[KEY_SIGNATURE]) MUST_CHECK;
/* ERR_UNAUTHENTICATED if the signature is invalid; ERR_UNAVAILABLE if the folder cannot be read. */
enum error keys_verify(const char *kid, const char *text, size_t bytes,
	const unsigned char signature[KEY_SIGNATURE]) MUST_CHECK;

/* A JWK Set (RFC 7517), newest key first; NULL if out of memory. */
json_t *keys_jwks(void);

/* Increases when the keys change: drop what was verified with an earlier generation. */
unsigned keys_generation(void);

#endif
