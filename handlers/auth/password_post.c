/* POST /v1/auth/password - changes the password and ends all other sessions. */
#include "domain/identity/password_change.h"
#include "domain/identity/password_rules.h"
#include "domain/identity/password_text.h"
#include "handlers/auth/device.h"
#include "handlers/auth/new_password.h"
#include "handlers/auth/service.h"

/* Checks the current password as sign-in does, throttled by the same failed attempts. The
 * replacement is prepared. */
static enum error
authenticate_and_change(struct request *r, const char *email, const char *current,
	const char *replacement, int64_t *wait_s)
{
	struct client client = device_client(r);
	struct account account;
	enum error e;

	if (password_same(r->arena, current, replacement))
		return request_fault(r, "/new_password", "must differ from the current one");
	if ((e = account_authenticate(
		     r->service, r->arena, email, current, &client, &account, wait_s)) != OK)
		return e;
	return password_change(r->service, &account, &r->caller.session, &client, replacement);
}

struct reply *
password_post(struct request *r)
{
	const char *current = NULL, *replacement = NULL;
	struct field fields[] = {
		{ "current_password", FIELD_TEXT, .required = true, .min = 1,
			.max = PASSWORD_MAX, .is_secret = true, .text = &current },
		{ "new_password", FIELD_TEXT, .required = true, .min = PASSWORD_MIN,
			.max = PASSWORD_MAX, .is_secret = true, .text = &replacement },
	};
	struct account account;
	int64_t wait_s = 0;
	enum error e = request_bind(r, fields, sizeof fields / sizeof fields[0]), found,
		   rules;

	if (e != OK && e != ERR_INVALID_REQUEST)
		return reply_error(r, e);
	if ((found = account_find(r->service, r->arena, &r->caller.user, &account)) != OK)
		return reply_error(r, found == ERR_NOT_FOUND ? ERR_SESSION_ENDED : found);
	rules = new_password_check(r, "/new_password", &replacement, account.email);
	if (rules != OK || e != OK)
		return reply_error(r, rules != OK ? rules : e);
	e = authenticate_and_change(r, account.email, current, replacement, &wait_s);
	return e == OK ? reply_empty(r, 204) : device_refuse(r, e, wait_s);
}
