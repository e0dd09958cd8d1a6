/* refresh_token.h - refresh tokens, their successors, and what a client gets.
 *
 * The first token of a session is 256 random bits; only its hash is stored. Its successor is a
 * keyed hash of it, so the successors of any token can be computed, though they are not stored. A
 * client that lost a response gets the live one, and an old token is recognised by any of its
 * successors: most spent tokens need no row. */
#ifndef DOMAIN_IDENTITY_REFRESH_TOKEN_H
#define DOMAIN_IDENTITY_REFRESH_TOKEN_H

#include <stdbool.h>

#include "domain/identity/auth.h"
#include "domain/identity/tokens.h"

#define REFRESH_BYTES 32
#define REFRESH_HASH 32
#define REFRESH_TOKEN 44 /* 43 characters and NUL */

struct refresh {
	unsigned char token[REFRESH_BYTES], hash[REFRESH_HASH];
};

/* A session's first token. */
void refresh_random(struct refresh *out);
/* False if the text is no token. */
bool refresh_read(const char *text, struct refresh *out) MUST_CHECK;
void refresh_successor(const struct auth *auth, const struct refresh *r, struct refresh *next);

/* The result of a sign-in or a refresh. */
struct grant {
	char access_token[TOKEN_MAX], refresh_token[REFRESH_TOKEN];
	struct uuid session;
	int64_t expires_in_s, refresh_expires_in_s;
};

/* `lives_ms`: how long the refresh token can be used. */
enum error grant_make(const struct uuid *user, const struct uuid *session, unsigned roles,
	const struct refresh *refresh, int64_t lives_ms, struct grant *out) MUST_CHECK;

#endif
