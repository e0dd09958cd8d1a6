/* tokens.h - access tokens: JWTs (RFC 7519) in the profile of RFC 9068, signed with ES256.
 *
 * Nothing here asks whether the session still lives: that is identity.c's part. Thread-safe. */
#ifndef DOMAIN_IDENTITY_TOKENS_H
#define DOMAIN_IDENTITY_TOKENS_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"

#define TOKEN_MAX 4096       /* bytes of a token and NUL; a longer one is none of ours */
#define TOKEN_LEEWAY_S \
	5 /* how far in the future a token may have been made, for clocks that differ */

struct claims {
	struct uuid user, session;
	unsigned roles;
	instant_us expires_at;
};

/* A token for user, session and roles, good for ACCESS_TOKEN_TIME from now; fills in expires_at. */
enum error token_issue(struct claims *c, char out[TOKEN_MAX]) MUST_CHECK;

/* OK, and *c filled in; ERR_UNAUTHENTICATED, with *why a sentence for the client; ERR_UNAVAILABLE.
 */
enum error token_check(const char *token, struct claims *c, const char **why) MUST_CHECK;

#endif
