/* sessions.h - sessions: opened by a sign-in, kept alive by refresh tokens, ended. Knows nothing of
 * HTTP.
 *
 * A refresh token is 256 random bits, and only its hash is stored. Its successor is a keyed hash of
 * it, so the same token always has the same one: whoever lost the answer can be given it again,
 * though it was never stored. */
#ifndef DOMAIN_IDENTITY_SESSIONS_H
#define DOMAIN_IDENTITY_SESSIONS_H

#include "domain/identity/accounts.h"
#include "domain/identity/auth.h"
#include "domain/identity/tokens.h"

#define REFRESH_TOKEN 44 /* 43 characters and NUL */

/* The device that asks, as far as it shows itself. Text may be NULL. */
struct client {
	const char *user_agent, *ip;
};

/* What a sign-in or a refresh gives. */
struct grant {
	char access_token[TOKEN_MAX], refresh_token[REFRESH_TOKEN];
	struct uuid session;
	int64_t expires_in_s;
};

/* For the account just proved; forgets its failed attempts. ERR_INVALID_CREDENTIALS where the
 * password was changed meanwhile. Past SESSIONS_MAX the oldest session ends. */
enum error session_open(struct auth *auth, const struct account *account,
	const struct client *client, struct grant *out) MUST_CHECK;
/* ERR_UNAUTHENTICATED for a token that is none, ERR_SESSION_ENDED, ERR_TOKEN_REUSED (and the
 * session is ended). */
enum error session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out) MUST_CHECK;

/* One of the user's; ERR_NOT_FOUND where it is not, or has ended. */
enum error session_end(
	struct auth *auth, const struct uuid *user, const struct uuid *session) MUST_CHECK;
enum error session_end_all(struct auth *auth, const struct uuid *user) MUST_CHECK;

/* An open session. Text lives in the arena that it was read with. */
struct session {
	struct uuid id;
	struct client client;
	instant_us created_at, last_used_at, expires_at;
};

/* Open sessions, the newest sign-in first; those older than `after`, NULL for all; at most `limit`.
 */
enum error session_list(struct auth *auth, struct arena *arena, const struct uuid *user,
	const struct uuid *after, int64_t limit, struct session **list, size_t *count) MUST_CHECK;

#define ENDED_MAX 64

/* Sessions that a transaction ended, to be forgotten once it has committed. */
struct ended {
	struct ended_session {
		struct uuid id;
	} list[ENDED_MAX];
	size_t count; /* past ENDED_MAX all are forgotten */
};

/* Inside a transaction: ends the sessions of a user but `session` (NULL: all), and notifies other
 * processes. */
enum error session_end_others(struct db *db, const struct uuid *user, const struct uuid *session,
	struct ended *ended) MUST_CHECK;
void ended_forget(const struct ended *ended);

#endif
