/* password_change.h - changes the password of an account, and ends its other sessions with it. */
#ifndef DOMAIN_IDENTITY_PASSWORD_CHANGE_H
#define DOMAIN_IDENTITY_PASSWORD_CHANGE_H

#include "domain/identity/sessions.h"

/* Sets the password of an account just proved, and ends all its sessions but `session`.
 * ERR_INVALID_CREDENTIALS if the password was changed meanwhile; ERR_OVERLOADED. */
enum error password_change(struct auth *auth, const struct account *account,
	const struct uuid *session, const char *password) MUST_CHECK;

#endif
