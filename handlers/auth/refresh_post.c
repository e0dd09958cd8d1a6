/* POST /v1/auth/refresh - exchanges a refresh token, from body or cookie, for new tokens. */
#include "domain/identity/refresh.h"
#include "handlers/auth/device.h"
#include "handlers/auth/origin.h"
#include "handlers/auth/service.h"

/* Deletes a cookie that is no longer valid, so that the browser stops sending it. */
static struct reply *
refresh_refuse(struct request *r, enum error e, int64_t wait_s, bool from_cookie)
{
	struct reply *reply;

	if (e == ERR_UNAUTHENTICATED)
		request_refuse(r, e, "The refresh token is invalid.");
	reply = device_refuse(r, e, wait_s);
	if (from_cookie &&
		(e == ERR_UNAUTHENTICATED || e == ERR_SESSION_ENDED || e == ERR_TOKEN_REUSED))
		return device_drop_cookie(r, reply);
	return reply;
}

struct reply *
refresh_post(struct request *r)
{
	const char *token = NULL;
	struct field fields[] = {
		{ "refresh_token", FIELD_TEXT, .min = 1, .max = 255, .text = &token },
	};
	struct client client = device_client(r);
	bool from_cookie = false;
	struct grant grant;
	int64_t wait_s = 0;
	enum error e;

	if ((e = request_bind(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return reply_error(r, e);
	if (token == NULL && (token = device_cookie(r)) != NULL) {
		from_cookie = true;
		if ((e = origin_check(r)) != OK)
			return reply_error(r, e);
	}
	if (token == NULL)
		return reply_error(r, request_refuse(r, ERR_UNAUTHENTICATED,
					      "Send a refresh_token, or the cookie from sign-in."));
	if ((e = session_refresh(r->service, token, &client, &grant, &wait_s)) != OK)
		return refresh_refuse(r, e, wait_s, from_cookie);
	return device_grant(r, &grant, from_cookie);
}
