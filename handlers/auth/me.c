/* GET and PATCH /v1/auth/me - the caller's account. */
#include "domain/identity/accounts.h"
#include "handlers/auth/service.h"

static struct reply *
me_reply(struct request *r, enum error e, const struct account *account)
{
	if (e == ERR_NOT_FOUND) /* removed, and its sessions with it, since the token was checked */
		e = ERR_SESSION_ENDED;
	return e == OK ? reply_json(r, 200, account_json(account)) : reply_error(r, e);
}

struct reply *
me_get(struct request *r)
{
	struct account account;

	return me_reply(r, account_find(r->service, r->arena, &r->caller.user, &account), &account);
}

struct reply *
me_patch(struct request *r)
{
	const char *name = NULL, *fault;
	struct field fields[] = {
		{ "name", FIELD_TEXT, .required = true, .least = 1, .most = NAME_MOST, .text = &name },
	};
	struct account account;
	enum error e;

	if ((e = request_bind(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return reply_error(r, e);
	if ((fault = name_fault(name)) != NULL)
		return reply_error(r, request_fault(r, "/name", "%s", fault));
	return me_reply(r, account_rename(r->service, r->arena, &r->caller.user, name, &account), &account);
}
