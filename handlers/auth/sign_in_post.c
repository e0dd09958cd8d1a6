/* POST /v1/auth/sign-in - exchanges e-mail address and password for tokens. */
#include "domain/identity/password_rules.h"
#include "handlers/auth/device.h"
#include "handlers/auth/origin.h"
#include "handlers/auth/service.h"

/* No rules of sign-up apply here: an old password must still be accepted, whatever
 * they are today. */
struct reply *
sign_in_post(struct request *r)
{
	const char *email = NULL, *password = NULL;
	bool use_cookie = false;
	struct field fields[] = {
		{ "email", FIELD_TEXT, .required = true, .min = 1, .max = EMAIL_MAX,
			.text = &email },
		{ "password", FIELD_TEXT, .required = true, .min = 1, .max = PASSWORD_MAX,
			.is_secret = true, .text = &password },
		{ "use_cookie", FIELD_BOOL, .boolean = &use_cookie },
	};
	struct client client = device_client(r);
	struct account account;
	struct grant grant;
	int64_t wait_s = 0;
	enum error e;

	if ((e = request_bind(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return reply_error(r, e);
	if (use_cookie && (e = origin_check(r)) != OK)
		return reply_error(r, e);
	if ((e = account_authenticate(
		     r->service, r->arena, email, password, &client, &account, &wait_s)) != OK)
		return device_refuse(r, e, wait_s);
	if ((e = session_open(r->service, &account, &client, &grant)) != OK)
		return reply_error(r, e);
	return device_grant(r, &grant, use_cookie);
}
