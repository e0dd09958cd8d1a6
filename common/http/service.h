/* service.h - the program that serves a table of routes over FastCGI or CGI. */
#ifndef COMMON_HTTP_SERVICE_H
#define COMMON_HTTP_SERVICE_H

#include "common/http/route.h"

/* Checks an access token (NULL: the request has none) and fills in *caller. On an error *why is a
 * sentence for the client, or NULL. Called by many threads at once. */
typedef enum error identify(const char *token, struct caller *caller, const char **why);

/* Identifies the caller by the Bearer token; the reason for a refusal becomes the reply's
 * detail. */
enum error request_identify(struct request *r, identify *check) MUST_CHECK;

struct service {
	const char *name;          /* "wallet" */
	const struct route *routes;
	size_t route_count;
	/* Opens what the handlers need, and all threads then share. NULL, after a sentence on
	 * stderr, ends the program. */
	void *(*start)(void);
	/* Called after the last request has been answered and all threads have ended. */
	void (*stop)(void *service);
	/* Checks the caller's token if no gateway has. NULL: no route needs it. */
	identify *identify;
	/* Handles a FastCGI authorizer request. NULL: this service is not an authorizer. */
	struct reply *(*authorize)(struct request *r);
};

/* The whole program: configuration, signals, threads, requests until SIGTERM. As CGI it serves one
 * request; with the argument --routes it prints the route table. Returns main's exit status. */
int service_main(int argc, char **argv, const struct service *s);

#endif
