/* serve.c - one request, from the caller's token to the reply. */
#include <fastcgi.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/http/docroot.h"
#include "common/http/reply.h"
#include "common/http/request_private.h"
#include "common/http/server.h"

enum error
request_identify(struct request *r, identify *check)
{
	const char *why = NULL;
	enum error e = check(request_bearer(r), &r->caller, &why);

	return e != OK && why != NULL ? request_refuse(r, e, "%s", why) : e;
}

/* Identifies the caller: from the gateway's authorizer if there is one, or else by checking the
 * token here. AUTH_… can only come from the gateway: what a client sends arrives as HTTP_…. Without
 * them the request did not pass the authorizer, and its token is checked like anyone's. */
static enum error
caller_find(const struct service *s, struct request *r)
{
	const char *user = request_variable(r, "AUTH_USER_ID"),
		   *session = request_variable(r, "AUTH_SESSION_ID");

	if (config_number(OPT_GATEWAY_IDENTITY) == 1 && user != NULL && session != NULL) {
		if (!uuid_parse(user, &r->caller.user) || !uuid_parse(session, &r->caller.session))
			return ERR_UNAUTHENTICATED;
		r->caller.roles = roles_from_text(request_variable(r, "AUTH_ROLES"));
		r->caller.known = true;
		return OK;
	}
	return s->identify != NULL ? request_identify(r, s->identify) : ERR_UNAUTHENTICATED;
}

/* Ownership is not checked here: the domain looks only at what belongs to the caller. */
static enum error
caller_check(const struct service *s, const struct route *route, struct request *r)
{
	enum error e;

	if (route->access == ANYONE)
		return OK;
	if ((e = caller_find(s, r)) != OK)
		return e;
	r->caller.request = r->id;
	if (route->access == OPERATOR_ONLY && (r->caller.roles & ROLE_OPERATOR) == 0)
		return ERR_FORBIDDEN;
	return OK;
}

/* An authorizer request is not routed: its path is another service's. */
static struct reply *
dispatch(const struct service *s, struct request *r)
{
	const struct route *route;
	char allow[64];
	enum error e;

	if ((e = request_begin(r)) != OK)
		return reply_error(r, e);
	log_request(r->id);
	if (!docroot_is_clear(r->gateway))
		return reply_error(r, ERR_INTERNAL);
	if (r->gateway->fcgx != NULL && r->gateway->fcgx->role == FCGI_AUTHORIZER)
		return s->authorize != NULL ? s->authorize(r) : reply_error(r, ERR_UNAUTHENTICATED);
	route = route_find(s->routes, s->route_count, r->method, r->path, r->ids, &e, allow);
	if (route == NULL && e == ERR_METHOD_NOT_ALLOWED)
		return reply_header(r, reply_error(r, e), "Allow", "%s", allow);
	if (route == NULL)
		return reply_error(r, request_refuse(r, e,
			"There is nothing at this path: /docs lists the paths. An id in a path is"
			" a whole UUID."));
	r->body_limit = route->body_limit;
	if ((e = caller_check(s, route, r)) != OK)
		return reply_error(r, e);
	return route->handle(r);
}

/* Closing a socket with unread input resets the connection, and the response can be lost. The
 * authorizer has no input. */
static void
body_drain(const struct request *r)
{
	char unwanted[4096];

	if (r->gateway->fcgx == NULL || r->gateway->fcgx->role == FCGI_AUTHORIZER || r->raw != NULL)
		return;
	while (gateway_read(r->gateway, unwanted, sizeof unwanted) == (ssize_t)sizeof unwanted)
		;
}

/* The response is sent before anything is freed, because it points into the arena. */
void
server_serve(const struct server *server, struct arena *arena, const struct gateway *gateway)
{
	struct request r = { .arena = arena, .gateway = gateway, .service = server->state };
	struct reply *reply;

	arena_enter(arena);
	reply = dispatch(server->service, &r);
	body_drain(&r);
	if (!reply_send(&r, reply))
		log_info("the client disconnected before the response was sent");
	arena_leave(); /* also discards all jansson values: none needs freeing */
	log_request(NULL); /* the id is in the arena */
	arena_reset(arena);
}
