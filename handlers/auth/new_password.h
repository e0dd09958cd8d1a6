/* new_password.h - reads a password that an account gets, at sign-up and at a change. */
#ifndef HANDLERS_AUTH_NEW_PASSWORD_H
#define HANDLERS_AUTH_NEW_PASSWORD_H

#include "common/http/request.h"

/* Prepares *password (domain/identity/password_text.h), and adds a fault to the member at `pointer`
 * if the rules refuse it. OK if it is NULL: the body has no such member, or it is faulty already.
 * email: NULL if unknown. */
enum error new_password_check(struct request *r, const char *pointer, const char **password,
	const char *email) MUST_CHECK;

#endif
