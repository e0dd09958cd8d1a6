/* identity.h - who asks: an access token, checked, and its session found alive.
 *
 * Used by every service where no gateway has asked first (DESIGN.md, section 6), and by the
 * authorizer itself. Roles are those that the account has now, not those that the token was issued
 * with. */
#ifndef DOMAIN_IDENTITY_IDENTITY_H
#define DOMAIN_IDENTITY_IDENTITY_H

#include <stdbool.h>

#include "common/base/caller.h"

/* Once, after config_load(). Opens nothing yet: keys and connections are opened when first needed.
 * False, after a sentence on stderr, where AUTH_DATABASE_URL is not set though callers are to be
 * checked here. */
bool identity_start(void) MUST_CHECK;
void identity_stop(void);

/* Fills in *caller by an access token (NULL: there is none). OK; ERR_UNAUTHENTICATED or
 * ERR_SESSION_ENDED, with *why a sentence for the client or left alone; or what the database
 * answered. */
enum error identity_check(const char *token, struct caller *caller, const char **why) MUST_CHECK;

/* From now on live sessions are kept in memory, as far as the database tells this process when they
 * end (LISTEN on SESSION_ENDED); while it cannot, it is asked each time. Starts a thread, once. For
 * the auth handler under FastCGI. */
void identity_watch(void);
/* This process ended a session: the next identity_check() knows. */
void identity_forget(const struct uuid *session);
void identity_forget_all(void);

/* The channel; the payload is a session's id, or SESSION_ENDED_ALL where any may have changed (a
 * role was given). */
#define SESSION_ENDED "session_ended"
#define SESSION_ENDED_ALL "*"
/* In a statement that ends sessions and returns their ids: tells of it when it commits. */
#define SESSION_TELL "pg_notify('" SESSION_ENDED "', id::text)"

#endif
