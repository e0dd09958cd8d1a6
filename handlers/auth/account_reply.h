/* account_reply.h - the response with the caller's account. */
#ifndef HANDLERS_AUTH_ACCOUNT_REPLY_H
#define HANDLERS_AUTH_ACCOUNT_REPLY_H

#include "common/http/reply.h"
#include "domain/identity/accounts.h"

/* 200 with the account if e is OK, else the error. ERR_NOT_FOUND becomes ERR_SESSION_ENDED:
 * deleting the account ended the caller's session. */
struct reply *account_reply(struct request *r, enum error e, const struct account *account);

#endif
