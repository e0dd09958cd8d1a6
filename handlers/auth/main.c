/* main.c - the Auth service: its routes, and what it opens at the start. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/config.h"
#include "domain/identity/attempts.h"
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
};

static void
auth_stop(void *state)
{
	struct auth *auth = state;

	identity_stop();
	db_pool_free(auth->pool);
	db_array_free(&auth->delays);
	sodium_memzero(auth->secret, sizeof auth->secret);
	free(auth);
}

static bool
secret_start(struct auth *auth)
{
	char folder[512];

	return keys_start(true) && key_folder(folder, sizeof folder) && key_files_secret(folder, auth->secret);
}

static void *
auth_start(void)
{
	struct auth *auth;

	if (!config_require(OPT_AUTH_DATABASE_URL) || sodium_init() < 0 || (auth = calloc(1, sizeof *auth)) == NULL)
		return NULL;
	auth->pool = db_pool_new(config_text(OPT_AUTH_DATABASE_URL), (int)config_number(OPT_DB_POOL));
	if (auth->pool != NULL && secret_start(auth) && attempts_start(auth) && identity_start())
		return auth;
	fprintf(stderr, "auth cannot start: the reason is above.\n");
	auth_stop(auth);
	return NULL;
}

static const struct service auth = {
	.name = "auth",
	.routes = routes,
	.route_count = sizeof routes / sizeof routes[0],
	.start = auth_start,
	.stop = auth_stop,
	.identify = identity_check,
	.authorize = auth_authorize,
};

int
main(int argc, char **argv)
{
	return service_main(argc, argv, &auth);
}
