/* account_reply.c - the answer that shows the caller's account; see account_reply.h. */
#include "handlers/auth/account_reply.h"

struct reply *
account_reply(struct request *r, enum error e, const struct account *account)
{
	if (e == ERR_NOT_FOUND) /* removed, and its sessions with it, since the token was checked */
		e = ERR_SESSION_ENDED;
	return e == OK ? reply_json(r, 200, account_json(account)) : reply_error(r, e);
}
