/* service.h - the handlers in the Auth service's route table, and the authorizer. */
#ifndef HANDLERS_AUTH_SERVICE_H
#define HANDLERS_AUTH_SERVICE_H

#include "common/http/reply.h"
#include "common/http/service.h"
#include "domain/identity/auth.h"

handler sign_up_post, sign_in_post, refresh_post, sign_out_post, me_get, me_patch, password_post,
	session_list_get, session_delete, jwks_get, health_get;

struct reply *auth_authorize(struct request *r);

#endif
