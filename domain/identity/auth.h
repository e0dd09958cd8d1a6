/* auth.h - the state that accounts, sessions and attempts share: database, secret, delays. */
#ifndef DOMAIN_IDENTITY_AUTH_H
#define DOMAIN_IDENTITY_AUTH_H

#include "common/db/db.h"
#include "domain/identity/key_files.h"

/* Created at startup and read-only afterwards, so threads share it without locks. */
struct auth {
	struct db_pool *pool;
	/* The key of stored hashes: refresh successors, throttled addresses. */
	unsigned char secret[KEY_SECRET];
	struct db_array delays; /* milliseconds to wait after the n-th failed sign-in */
	/* The delays as a parameter, built once: db_array() writes to the array. */
	struct db_value delays_value;
};

/* Uses AUTH_DATABASE_URL and the secret in the key folder; call keys_start() first. NULL if the
 * secret cannot be read (logged) or memory runs out. */
struct auth *auth_new(void);
void auth_free(struct auth *auth);

/* OK if every table that a sign-in or a refresh needs can be read. */
enum error auth_health(struct db_pool *pool) MUST_CHECK;

#endif
