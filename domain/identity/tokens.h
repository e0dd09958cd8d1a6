/* tokens.h - access tokens: JWTs (RFC 7519) in the RFC 9068 profile, signed with ES256.
 *
 * Does not check whether the session is live; identity.c does. Thread-safe. */
#ifndef DOMAIN_IDENTITY_TOKENS_H
#define DOMAIN_IDENTITY_TOKENS_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"

#define TOKEN_MAX 4096   /* bytes of a token, with NUL; longer ones are not ours */
#define TOKEN_LEEWAY_S 5 /* clock skew: how far in the future `iat` and `nbf` can be */

struct claims {
	struct uuid user, session;
	unsigned roles;
	instant_us expires_at;
};

/* Issues a token for user, session and roles, valid for ACCESS_TOKEN_TIME. Sets c->expires_at. */
enum error token_issue(struct claims *c, char out[TOKEN_MAX]) MUST_CHECK;

/* Verifies a token and sets *c. ERR_UNAUTHENTICATED sets *why to a sentence for the client;
 * ERR_UNAVAILABLE if the keys cannot be read. */
enum error token_check(const char *token, struct claims *c, const char **why) MUST_CHECK;

#endif
