/* account_reply.h - the answer that shows the caller's account. */
#ifndef HANDLERS_AUTH_ACCOUNT_REPLY_H
#define HANDLERS_AUTH_ACCOUNT_REPLY_H

#include "common/http/reply.h"
#include "domain/identity/accounts.h"

/* 200 with the account where e is OK, else the error. An account that is gone has ended the
 * caller's session. */
struct reply *account_reply(struct request *r, enum error e, const struct account *account);

#endif
