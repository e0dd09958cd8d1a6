/* sessions.h - sessions: opened by a sign-in, kept alive by refresh tokens, ended. Knows nothing of HTTP.
 *
 * A refresh token is 256 random bits, and only its hash is stored. Its successor is a keyed hash of it, so the same
 * token always has the same one: whoever lost the answer can be given it again, though it was never stored. */
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

/* For the account just proved; forgets its failed attempts. ERR_INVALID_CREDENTIALS where the password was changed
 * meanwhile. Past SESSIONS_MAX the oldest session ends. */
enum error session_open(struct auth *auth, const struct account *account, const struct client *client,
	struct grant *out) MUST_CHECK;
/* ERR_UNAUTHENTICATED for a token that is none, ERR_SESSION_ENDED, ERR_TOKEN_REUSED (and the session is ended). */
enum error session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out) MUST_CHECK;

/* One of the user's; ERR_NOT_FOUND where it is not, or has ended. */
enum error session_end(struct auth *auth, const struct uuid *user, const struct uuid *session) MUST_CHECK;
enum error session_end_all(struct auth *auth, const struct uuid *user) MUST_CHECK;

/* Open sessions, the newest sign-in first: id, user_agent, ip, created_at, last_used_at, expires_at. Those older than
 * `after`, NULL for all; at most `limit`. */
enum error session_list(struct auth *auth, const struct uuid *user, const struct uuid *after, int64_t limit,
	struct db_rows **rows) MUST_CHECK;

/* Sessions that a transaction ended, to be forgotten once it has committed. */
struct ended {
	struct uuid ids[64];
	size_t count; /* more than there is room for: all are forgotten */
};
void ended_read(const struct db_rows *rows, struct ended *e);
void ended_forget(const struct ended *e);

/* Ends the sessions of account $1 but $2 (NULL: all), and tells of it. */
extern const struct db_statement session_end_others_sql;

#endif
