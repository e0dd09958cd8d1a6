/* password_hash.h - hashes passwords, and limits how many hashes run at once.
 *
 * A hash takes tens of milliseconds and megabytes by design, so a flood of sign-ins hits this
 * first. password_enter() admits a few threads, queues up to ARGON2_QUEUE, and refuses the rest.
 * Clients take turns, however many requests each of them has (fair_gate.h; between the processes of
 * plain CGI, hash_slots.h). All hashing happens
 * between password_enter() and password_leave(). Of the admitted threads, ARGON2_CONCURRENCY hash
 * at once. */
#ifndef DOMAIN_IDENTITY_PASSWORD_HASH_H
#define DOMAIN_IDENTITY_PASSWORD_HASH_H

#include <sodium.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "domain/identity/client.h"

#define PASSWORD_HASH crypto_pwhash_STRBYTES

/* OK or ERR_OVERLOADED. Call password_leave() once after each OK. */
enum error password_enter(struct auth *auth, const struct client *client) MUST_CHECK;
void password_leave(void);

/* ERR_OVERLOADED if out of memory. The caller is between password_enter() and password_leave(). */
enum error password_hash(const char *password, char out[PASSWORD_HASH]) MUST_CHECK;
/* password_enter(), password_hash() and password_leave() in one call. */
enum error password_hash_queued(struct auth *auth, const struct client *client,
	const char *password, char out[PASSWORD_HASH]) MUST_CHECK;
/* OK, ERR_INVALID_CREDENTIALS, or ERR_OVERLOADED if out of memory. Pass NULL as the hash if the
 * account does not exist: it takes equally long, so the response does not reveal it. */
enum error password_verify(const char *hash, const char *password) MUST_CHECK;
/* Whether the hash uses other parameters than the current ones. */
bool password_outdated(const char *hash);

#endif
