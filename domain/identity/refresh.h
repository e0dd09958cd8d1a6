/* refresh.h - refresh tokens: rotated at each use, and recognised once they are spent.
 *
 * The first token of a session is 256 random bits; only its hash is stored. Its successor is a
 * keyed hash of it, so the successors of any token can be computed, though they are not stored. A
 * client that lost a response gets the live one, and an old token is recognised by any of its
 * successors: most spent tokens need no row. */
#ifndef DOMAIN_IDENTITY_REFRESH_H
#define DOMAIN_IDENTITY_REFRESH_H

#include "domain/identity/sessions.h"

#define REFRESH_BYTES 32
#define REFRESH_HASH 32

/* Of the spent tokens of a session one in that many stays recorded (002_refresh.sql). */
#define REFRESH_STEPS 128

struct refresh {
	unsigned char token[REFRESH_BYTES], hash[REFRESH_HASH];
};

/* A session's first token. */
void refresh_random(struct refresh *out);

/* The tokens for a client. `lives_ms`: how long the refresh token can be used. */
enum error grant_make(const struct uuid *user, const struct uuid *session, unsigned roles,
	const struct refresh *refresh, int64_t lives_ms, struct grant *out) MUST_CHECK;

/* ERR_UNAUTHENTICATED if the token is invalid, ERR_SESSION_ENDED, or ERR_TOKEN_REUSED, which ends
 * the session. ERR_RATE_LIMITED sets *wait_s. */
enum error session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out, int64_t *wait_s) MUST_CHECK;

#endif
