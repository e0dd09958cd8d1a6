/* password_change.h - changes the password of an account and ends its other sessions. */
#ifndef DOMAIN_IDENTITY_PASSWORD_CHANGE_H
#define DOMAIN_IDENTITY_PASSWORD_CHANGE_H

#include "domain/identity/sessions.h"

/* Sets the password, which is prepared (password_text.h), of an account that has just been
 * authenticated, and ends all its sessions except `session`. ERR_INVALID_CREDENTIALS if the
 * password has changed since; ERR_OVERLOADED. */
enum error password_change(struct auth *auth, const struct account *account,
	const struct uuid *session, const struct client *client,
	const char *password) MUST_CHECK;

#endif
