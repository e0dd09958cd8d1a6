/* PATCH /v1/auth/me - changes the caller's account. */
#include "handlers/auth/account_reply.h"
#include "handlers/auth/service.h"

struct reply *
me_patch(struct request *r)
{
	const char *name = NULL, *fault;
	struct field fields[] = {
		{ "name", FIELD_TEXT, .required = true, .min = 1, .max = DISPLAY_NAME_MAX,
			.text = &name },
	};
	struct account account;
	enum error e;

	e = request_bind(r, fields, sizeof fields / sizeof fields[0]);
	if (name != NULL && (fault = name_fault(name)) != NULL)
		e = faults_join(e, request_fault(r, "/name", "%s", fault));
	if (e != OK)
		return reply_error(r, e);
	return account_reply(r,
		account_rename(r->service, r->arena, &r->caller.user, name, &account), &account);
}
