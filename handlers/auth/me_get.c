/* GET /v1/auth/me - the caller's account. */
#include "handlers/auth/account_reply.h"
#include "handlers/auth/service.h"

struct reply *
me_get(struct request *r)
{
	struct account account;

	return account_reply(r, account_find(r->service, r->arena, &r->caller.user, &account),
		&account);
}
