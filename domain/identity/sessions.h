/* sessions.h - sessions: sign-in opens them, refresh tokens (refresh.h) extend them, up to
 * SESSION_TIME_MAX. Independent of HTTP. */
#ifndef DOMAIN_IDENTITY_SESSIONS_H
#define DOMAIN_IDENTITY_SESSIONS_H

#include "domain/identity/accounts.h"
#include "domain/identity/auth.h"
#include "domain/identity/client.h"
#include "domain/identity/refresh_token.h"

/* Opens a session for an account that has just been authenticated. ERR_INVALID_CREDENTIALS if the
 * password has changed since. Beyond SESSIONS_MAX, ends the oldest session. */
enum error session_open(struct auth *auth, const struct account *account,
	const struct client *client, struct grant *out) MUST_CHECK;

/* These return once every living authorizer knows that the sessions have ended, or after a second.
 * ERR_NOT_FOUND if the session is not the user's, or has ended. */
enum error session_end(struct auth *auth, const struct uuid *user,
	const struct uuid *session) MUST_CHECK;
/* Every session of the user, this one included. */
enum error session_end_all(struct auth *auth, const struct uuid *user) MUST_CHECK;

/* An open session. The strings belong to the arena passed to session_list(). */
struct session {
	struct uuid id;
	struct client client;
	instant_us created_at, last_used_at, expires_at;
};

/* Lists at most `limit` open sessions, newest sign-in first. `after`: only older ones; NULL:
 * all. */
enum error session_list(struct auth *auth, struct arena *arena, const struct uuid *user,
	const struct uuid *after, int64_t limit, struct session **list, size_t *count) MUST_CHECK;

#define ENDED_MAX 64

/* Sessions that a transaction ended, to pass to ended_announce() after the commit. */
struct ended {
	struct ended_session {
		struct uuid id;
	} list[ENDED_MAX];
	size_t count; /* above ENDED_MAX: the list is cut, and the whole cache is cleared */
};

/* In a transaction: ends the sessions of a user except `session` (NULL: all of them), and notifies
 * other processes. */
enum error session_end_others(struct db *db, const struct uuid *user, const struct uuid *session,
	struct ended *ended) MUST_CHECK;
/* Drops the sessions from the cache of this process, and waits until the others have, too. */
void ended_announce(struct auth *auth, const struct ended *ended);

#endif
