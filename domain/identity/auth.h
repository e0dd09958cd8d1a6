/* auth.h - what the functions of accounts, sessions and attempts work on: the database, our secret,
 * the delays. */
#ifndef DOMAIN_IDENTITY_AUTH_H
#define DOMAIN_IDENTITY_AUTH_H

#include "common/db/db.h"
#include "domain/identity/key_files.h"

/* Made at the start, then only read, by all threads. */
struct auth {
	struct db_pool *pool;
	unsigned char secret
		[KEY_SECRET]; /* keys the hashes of what we store: refresh successors, throttled addresses */
	struct db_array delays;           /* milliseconds to wait after the n-th failed sign-in */
	struct db_value
		delays_value; /* the same as threads send it: db_array() writes into the array */
};

/* For AUTH_DATABASE_URL and the secret in the key folder, after keys_start(). NULL if the secret
 * cannot be read (logged), or there is no memory. */
struct auth *auth_new(void);
void auth_free(struct auth *auth);

/* Whether the database answers. */
enum error auth_ping(struct auth *auth) MUST_CHECK;

#endif
