/* authorize.c - the FastCGI authorizer, which lighttpd calls before each request to wallet and
 * statement (DESIGN.md, section 6).
 *
 * A 200 lets the request through. Its Variable-… headers become request variables that clients
 * cannot forge. Any other response goes to the client. The authorizer must not read its input,
 * which is the request body for the service. */
#include "common/base/caller.h"
#include "domain/identity/identity.h"
#include "handlers/auth/service.h"

struct reply *
auth_authorize(struct request *r)
{
	char user[UUID_TEXT], session[UUID_TEXT], roles[ROLES_TEXT];
	struct reply *reply;
	enum error e;

	identity_watch();
	if ((e = request_identify(r, identity_check)) != OK)
		return reply_error(r, e);
	uuid_format(&r->caller.user, user);
	uuid_format(&r->caller.session, session);
	roles_to_text(r->caller.roles, roles);
	reply = reply_header(r, reply_empty(r, 200), "Variable-AUTH_USER_ID", "%s", user);
	reply_header(r, reply, "Variable-AUTH_SESSION_ID", "%s", session);
	return reply_header(r, reply, "Variable-AUTH_ROLES", "%s", roles);
}
