/* POST /v1/auth/sign-out - ends this session, or all of the caller's. */
#include "handlers/auth/device.h"
#include "handlers/auth/service.h"

struct reply *
sign_out_post(struct request *r)
{
	bool all = false;
	struct field fields[] = {
		{ "all", FIELD_BOOL, .boolean = &all },
	};
	enum error e;

	if ((e = request_bind(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return reply_error(r, e);
	if (all)
		e = session_end_all(r->service, &r->caller.user);
	else
		e = session_end(r->service, &r->caller.user, &r->caller.session);
	if (e != OK && e != ERR_NOT_FOUND) /* not found: already ended, which is fine */
		return reply_error(r, e);
	return device_drop_cookie(r, reply_empty(r, 204));
}
