/* refresh.h - exchanges refresh tokens, each for its successor, and judges those that are spent. */
#ifndef DOMAIN_IDENTITY_REFRESH_H
#define DOMAIN_IDENTITY_REFRESH_H

#include "domain/identity/sessions.h"

/* Of the spent tokens of a session one in that many stays recorded (002_refresh.sql). */
#define REFRESH_STEPS 128

/* ERR_UNAUTHENTICATED if the token is invalid, ERR_SESSION_ENDED, or ERR_TOKEN_REUSED, which ends
 * the session. ERR_RATE_LIMITED sets *wait_s. */
enum error session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out, int64_t *wait_s) MUST_CHECK;

#endif
