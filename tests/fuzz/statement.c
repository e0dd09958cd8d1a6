/* statement.c - fuzzes the Statement service: each request of its routes, up to the database. */
#include "tests/fuzz/http.h"

#define main statement_main
int statement_main(int argc, char **argv);
#include "handlers/statement/main.c"
#undef main

FUZZ_TARGET(statement)
{
	static struct statement_service state;
	struct service s = { .name = "statement", .routes = routes,
		.route_count = sizeof routes / sizeof routes[0], .identify = http_identify };
	struct http_call call;

	http_run(&s, &state, in, &call);
	json_decref(call.reply);
}
