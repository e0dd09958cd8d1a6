/* DELETE /v1/auth/sessions/{id} - ends one of the caller's sessions. */
#include "domain/identity/sessions.h"
#include "handlers/auth/service.h"

struct reply *
session_delete(struct request *r)
{
	enum error e = session_end(r->service, &r->caller.user, &r->ids[0]);

	return e == OK ? reply_empty(r, 204) : reply_error(r, e);
}
