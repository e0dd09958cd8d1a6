/* identity.h - identifies the caller: verifies the access token and checks that its session is
 * live.
 *
 * Used by the authorizer, and by every service that runs without a gateway in front of it
 * (DESIGN.md, section 6). Roles are the account's current ones, not the ones in the token. */
#ifndef DOMAIN_IDENTITY_IDENTITY_H
#define DOMAIN_IDENTITY_IDENTITY_H

#include <stdbool.h>

#include "common/base/caller.h"

/* Call once, after config_load(). Opens keys and connections lazily. False, with a message on
 * stderr, if this process checks callers but AUTH_DATABASE_URL is not set. */
bool identity_start(void) MUST_CHECK;
void identity_stop(void);

/* Sets *caller from an access token, which is NULL if the request has none. ERR_UNAUTHENTICATED and
 * ERR_SESSION_ENDED can set *why to a sentence for the client. Also returns database errors. */
enum error identity_check(const char *token, struct caller *caller, const char **why) MUST_CHECK;

/* Starts to cache live sessions. A thread, started once, LISTENs on SESSION_ENDED to drop those
 * that end; while it is not connected, each check queries the database. For the auth handler under
 * FastCGI. */
void identity_watch(void);
/* Call after ending a session in this process: the next identity_check() sees it. */
void identity_forget(const struct uuid *session);
void identity_forget_all(void);

/* The channel. The payload is a session id, a number to confirm (authorizers.h), or
 * SESSION_ENDED_ALL if any session can have changed, such as when a role is granted. */
#define SESSION_ENDED "session_ended"
#define SESSION_ENDED_ALL "*"
/* For a statement that ends sessions and returns their ids: notifies the listeners on commit. */
#define SESSION_ENDED_NOTIFY "pg_notify('" SESSION_ENDED "', id::text)"

#endif
