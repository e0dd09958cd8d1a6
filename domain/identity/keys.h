/* keys.h - the signing keys in use: sign with the newest, verify with any that has not ended,
 * publish them all.
 *
 * Thread-safe. The folder is looked at again (one stat) before each signature, for each kid that is
 * not known, and once a second otherwise, so that `purse key rotate` needs no restart. */
#ifndef DOMAIN_IDENTITY_KEYS_H
#define DOMAIN_IDENTITY_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/uuid.h"

#define KEY_SIGNATURE 64 /* r and s, 32 bytes each (RFC 7518, 3.4) */

/* Uses KEY_DIR. With `make` what is missing there is made; without, a process that only verifies
 * reads what is there when it first needs it. */
bool keys_start(bool make) MUST_CHECK;
void keys_stop(void);

/* The kid of the key that signs now. ERR_UNAVAILABLE where there is none. */
enum error keys_current(char kid[UUID_TEXT]) MUST_CHECK;
/* ERR_UNAVAILABLE where kid has ended meanwhile. */
enum error keys_sign(const char *kid, const char *text, size_t bytes,
	unsigned char signature[KEY_SIGNATURE]) MUST_CHECK;
/* OK, ERR_UNAUTHENTICATED, or ERR_UNAVAILABLE where the folder cannot be read. */
enum error keys_verify(const char *kid, const char *text, size_t bytes,
	const unsigned char signature[KEY_SIGNATURE]) MUST_CHECK;

/* A JWK Set (RFC 7517), the newest key first; NULL: out of memory. */
json_t *keys_jwks(void);

/* Grows when the keys change: what was verified with other keys should be verified again. */
unsigned keys_generation(void);

#endif
