/* main.c - the Auth service: its routes, startup and shutdown. */
#include "common/base/config.h"
#include "common/http/health.h"
#include "domain/identity/identity.h"
#include "domain/identity/keys.h"
#include "handlers/auth/service.h"

static const struct route routes[] = {
	{ METHOD_POST, "/v1/auth/sign-up", sign_up_post, ANYONE },
	{ METHOD_POST, "/v1/auth/sign-in", sign_in_post, ANYONE },
	{ METHOD_POST, "/v1/auth/refresh", refresh_post, ANYONE },
	{ METHOD_POST, "/v1/auth/sign-out", sign_out_post, SIGNED_IN },
	{ METHOD_GET, "/v1/auth/me", me_get, SIGNED_IN },
	{ METHOD_PATCH, "/v1/auth/me", me_patch, SIGNED_IN },
	{ METHOD_POST, "/v1/auth/password", password_post, SIGNED_IN },
	{ METHOD_GET, "/v1/auth/sessions", session_list_get, SIGNED_IN },
	{ METHOD_DELETE, "/v1/auth/sessions/{id}", session_delete, SIGNED_IN },
	{ METHOD_GET, "/.well-known/jwks.json", jwks_get, ANYONE },
	{ METHOD_GET, "/health/auth", health_get, ANYONE },
	{ METHOD_GET, "/health/auth/live", health_live_get, ANYONE },
};

static void
service_stop(void *auth)
{
	identity_stop();
	auth_free(auth);
}

static void *
service_start(void)
{
	struct auth *auth = NULL;

	if (config_require(OPT_AUTH_DATABASE_URL) && keys_start(true) && identity_start() &&
		(auth = auth_new()) != NULL)
		return auth;
	identity_stop();
	return NULL;
}

static const struct service auth = {
	.name = "auth",
	.routes = routes,
	.route_count = sizeof routes / sizeof routes[0],
	.start = service_start,
	.stop = service_stop,
	.identify = identity_check,
	.authorize = auth_authorize,
};

int
main(int argc, char **argv)
{
	return service_main(argc, argv, &auth);
}
