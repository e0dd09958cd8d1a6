/* password_hash.h - how passwords are hashed, and how many hashes run at once.
 *
 * A hash takes tens of milliseconds and megabytes by intent, so a flood of sign-ins hurts here
 * first. password_enter() lets a few threads through, ARGON2_QUEUE wait, the rest are refused.
 * Everything that hashes happens between password_enter() and password_leave(), and of those inside
 * ARGON2_CONCURRENCY hash at once. */
#ifndef DOMAIN_IDENTITY_PASSWORD_HASH_H
#define DOMAIN_IDENTITY_PASSWORD_HASH_H

#include <sodium.h>
#include <stdbool.h>

#include "common/base/error.h"

#define PASSWORD_HASH crypto_pwhash_STRBYTES

/* OK, or ERR_OVERLOADED. After OK there must be one password_leave(). */
enum error password_enter(void) MUST_CHECK;
void password_leave(void);

enum error password_hash(const char *password, char out[PASSWORD_HASH]) MUST_CHECK;
/* password_enter(), password_hash() and password_leave() in one. */
enum error password_hash_in_turn(const char *password, char out[PASSWORD_HASH]) MUST_CHECK;
/* OK, ERR_INVALID_CREDENTIALS, or ERR_OVERLOADED where there was no memory to find out. hash NULL:
 * an account that does not exist; takes as long as for one that does, and is never OK. */
enum error password_verify(const char *hash, const char *password) MUST_CHECK;
/* Was it hashed with other parameters than today's? */
bool password_outdated(const char *hash);

#endif
