/* main.c - the Statement service: its routes, startup and shutdown. */
#include <stdlib.h>

#include "common/base/config.h"
#include "common/http/health.h"
#include "domain/identity/identity.h"
#include "handlers/statement/service.h"

static const struct route routes[] = {
	{ METHOD_GET, "/v1/statements", statements_get, SIGNED_IN },
	{ METHOD_GET, "/v1/statements/{id}", job_get, SIGNED_IN },
	{ METHOD_GET, "/v1/statements/{id}/file", job_file_get, SIGNED_IN },
	{ METHOD_GET, "/health/statement", health_get, ANYONE },
	{ METHOD_GET, "/health/statement/live", health_live_get, ANYONE },
	{ METHOD_GET, "/health/statement/alarms", alarms_get, ANYONE },
};

static void
statement_stop(void *service)
{
	struct statement_service *s = service;

	identity_stop();
	db_pool_free(s->db);
	free(s);
}

static void *
statement_start(void)
{
	struct statement_service *s;

	if (!config_require(OPT_STATEMENT_DATABASE_URL) || !identity_start() ||
		(s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->db = db_pool_new(config_text(OPT_STATEMENT_DATABASE_URL),
		(int)config_number(OPT_DB_POOL));
	if (s->db != NULL &&
		config_folder(OPT_STATEMENT_DIR, "statements", s->folder, sizeof s->folder))
		return s;
	statement_stop(s);
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct service service = {
		.name = "statement",
		.routes = routes,
		.route_count = sizeof routes / sizeof routes[0],
		.start = statement_start,
		.stop = statement_stop,
		.identify = identity_check,
	};

	return service_main(argc, argv, &service);
}
