/* account_reply.c - the response with the caller's account; see account_reply.h. */
#include "handlers/auth/account_reply.h"

struct reply *
account_reply(struct request *r, enum error e, const struct account *account)
{
	if (e == ERR_NOT_FOUND) /* deleted, with its sessions, since the token was checked */
		e = ERR_SESSION_ENDED;
	return e == OK ? reply_json(r, 200, account_json(account)) : reply_error(r, e);
}
