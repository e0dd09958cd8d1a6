/* auth_service.h - what the Auth service's files share: its state, its statements, its handlers. */
#ifndef AUTH_SERVICE_H
#define AUTH_SERVICE_H

#include "common/db.h"
#include "common/reply.h"
#include "handlers/auth/key_files.h"

/* Made at the start, then only read, by all threads. */
struct auth {
	struct db_pool *pool;
	unsigned char secret[KEY_SECRET]; /* keys the hashes below: refresh successors, throttled addresses */
	struct db_array delays;           /* milliseconds to wait after the n-th failed sign-in */
	struct db_value delays_value;     /* the same as threads send it: db_array() writes into the array */
};

/* The statements, declared in statements.c. */
enum auth_statement {
	ACCOUNT_CREATE,
	ACCOUNT_BY_EMAIL,
	ACCOUNT_BY_ID,
	ACCOUNT_RENAME,
	ACCOUNT_LOCK,
	ACCOUNT_REHASH,
	PASSWORD_SET,
	ATTEMPT_BEGIN,
	ATTEMPT_TAKE_BACK,
	ATTEMPTS_FORGET,
	SESSION_OPEN,
	SESSION_ROTATE,
	SESSION_OFFERED,
	SESSION_END,
	SESSION_END_OTHERS,
	SESSION_LIST,
	SWEEP_SESSIONS,
	SWEEP_TOKENS,
	SWEEP_ATTEMPTS,
	AUTH_PING,
	AUTH_STATEMENT_COUNT,
};
extern const struct db_statement auth_statements[AUTH_STATEMENT_COUNT];

handler sign_up_post, sign_in_post, refresh_post, sign_out_post, me_get, me_patch, password_post, session_list_get,
	session_delete, jwks_get, health_get;

struct reply *auth_authorize(struct request *r);

#endif
