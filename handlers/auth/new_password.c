/* new_password.c - prepares and judges a new password; see new_password.h. */
#include "handlers/auth/new_password.h"

#include "domain/identity/password_rules.h"
#include "domain/identity/password_text.h"

enum error
new_password_check(
	struct request *r, const char *pointer, const char **password, const char *email)
{
	const char *fault;

	if (*password == NULL)
		return OK;
	if ((*password = password_prepare(r->arena, *password)) == NULL)
		return ERR_TOO_LARGE;
	fault = password_fault(*password, email != NULL ? email : "");
	return fault != NULL ? request_fault(r, pointer, "%s", fault) : OK;
}
