/* POST /v1/auth/sign-up - creates an account. */
#include "domain/identity/accounts.h"
#include "domain/identity/password_rules.h"
#include "handlers/auth/device.h"
#include "handlers/auth/new_password.h"
#include "handlers/auth/service.h"

/* What the rules say of the members that could be read; NULL if missing or faulty. */
static enum error
sign_up_check(struct request *r, const char *email, const char **password, const char *name)
{
	const char *fault;
	enum error e = new_password_check(r, "/password", password, email);

	if (email != NULL && (fault = email_fault(email)) != NULL)
		e = request_fault(r, "/email", "%s", fault);
	if (name != NULL && (fault = name_fault(name)) != NULL)
		e = request_fault(r, "/name", "%s", fault);
	return e;
}

struct reply *
sign_up_post(struct request *r)
{
	const char *email = NULL, *password = NULL, *name = NULL;
	struct field fields[] = {
		{ "email", FIELD_TEXT, .required = true, .min = 1, .max = EMAIL_MAX,
			.text = &email },
		{ "password", FIELD_TEXT, .required = true, .min = PASSWORD_MIN,
			.max = PASSWORD_MAX, .is_secret = true, .text = &password },
		{ "name", FIELD_TEXT, .min = 1, .max = DISPLAY_NAME_MAX, .text = &name },
	};
	struct client client = device_client(r);
	struct account account;
	enum error e = request_bind(r, fields, sizeof fields / sizeof fields[0]), rules;

	if (e != OK && e != ERR_INVALID_REQUEST)
		return reply_error(r, e);
	if ((rules = sign_up_check(r, email, &password, name)) != OK || e != OK)
		return reply_error(r, rules != OK ? rules : e);
	if ((e = account_create(
		     r->service, r->arena, email, name, password, &client, &account)) != OK)
		return reply_error(r, e);
	return reply_json(r, 201, account_json(&account));
}
