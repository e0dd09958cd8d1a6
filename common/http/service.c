/* service.c - the program around a service's handlers: configuration, socket, start and stop.
 * server.c has the threads, serve.c handles one request. */
#include "common/http/service.h"

#include <errno.h>
#include <fastcgi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/http/docroot.h"
#include "common/http/handover.h"
#include "common/http/health.h"
#include "common/http/reply.h"
#include "common/http/request_private.h"
#include "common/http/server.h"

/* For tests, which compare the table with web/openapi.yaml and call each route. */
static void
routes_print(const struct service *s)
{
	static const char *const names[] = {
		[ANYONE] = "anyone", [SIGNED_IN] = "signed_in", [OPERATOR_ONLY] = "operator"
	};
	_Static_assert(sizeof names / sizeof names[0] == OPERATOR_ONLY + 1,
		"each access has a name");

	for (size_t i = 0; i < s->route_count; i++)
		printf("%s\t%s\t%s\n", method_name(s->routes[i].method), s->routes[i].pattern,
			names[s->routes[i].access]);
}

static bool
socket_find(const struct service *s, int *socket)
{
	const char *address = config_text(OPT_LISTEN);

	*socket = 0; /* FCGI_LISTENSOCK_FILENO: our parent's listening socket */
	if (address != NULL)
		*socket = FCGX_OpenSocket(address, (int)config_number(OPT_LISTEN_BACKLOG));
	if (*socket < 0)
		fprintf(stderr, "%s: cannot listen on %s: %s.\n", s->name, address,
			strerror(errno));
	return *socket >= 0;
}

/* When libfcgi closes a connection, it shuts down its own side and waits for the peer to close,
 * because over TCP a response in flight is lost if its sender closes with unread input. A UNIX
 * socket loses nothing, so we close it at once (FCGX_Detach). That saves three system calls, and
 * the peer a wake-up. */
static bool
peers_are_local(int socket)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t bytes = sizeof address;

	return getsockname(socket, (struct sockaddr *)&address, &bytes) == 0 &&
	       address.ss_family == AF_UNIX;
}

/* libfcgi can sleep up to 2 s for a request that does not come, and as long again for the gateway
 * to close its side. The latter costs each request a sleep and a wake-up, and is needed only if
 * input is left over: body_drain() prevents that. */
static void
libfcgi_set_timeouts(void)
{
	setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "100", 0);
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 0);
}

static int
serve_cgi(const struct server *server)
{
	struct arena *arena = arena_new((size_t)config_number(OPT_REQUEST_MEMORY));

	if (arena == NULL)
		return 1;
	server_serve(server, arena, &(struct gateway){ .fcgx = NULL });
	arena_free(arena);
	return 0;
}

/* At exit, libraries free what the system reclaims anyway (OpenSSL's tables above all). That takes
 * an eighth of a CGI program's processor time, for every request. Builds that check for leaks exit
 * normally. */
static void
exit_immediately(int status)
{
	(void)status;
#ifndef __SANITIZE_ADDRESS__
	fflush(NULL);
	_exit(status);
#endif
}

/* What a handler does instead of serving: help, version, routes. A web server that runs it as CGI
 * can pass arguments of its own (the query's words, RFC 3875, 4.4), which are ignored. */
static bool
describe(int argc, char **argv, const struct service *s, int *status)
{
	char help[1024];

	(void)snprintf(help, sizeof help,
		"usage: %s [--routes]\n\n"
		"  %s            answer requests, as FastCGI (lighttpd starts it) or CGI\n"
		"  %s --routes   print the routes: method, path, and who can call them\n"
		"  %s --version  print the version\n\n" PROGRAM_OPTIONS_HELP,
		s->name, s->name, s->name, s->name);
	*status = 0;
	if (getenv("GATEWAY_INTERFACE") != NULL)
		return false;
	if (program_describe(argc, argv, s->name, help))
		return true;
	if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
		routes_print(s);
		return true;
	}
	if (argc == 1)
		return false;
	fprintf(stderr, "%s: unknown argument %s: see %s --help.\n", s->name, argv[1], s->name);
	*status = 2;
	return true;
}

int
service_main(int argc, char **argv, const struct service *s)
{
	struct server server = { .service = s, .argv = argv };
	sigset_t ends;
	bool cgi, exposed;
	int status;

	handover_init();
	if (describe(argc, argv, s, &status))
		return status;
	libfcgi_set_timeouts();
	if (!config_load())
		return 1;
	log_init(s->name, config_text(OPT_LOG_LEVEL));
	/* Blocked before any thread starts, so that every thread inherits the mask and only sigwait
	 * receives them. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGUSR1); /* how FastCGI servers ask for a graceful end */
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if (FCGX_Init() != 0 || !socket_find(s, &server.socket))
		return 1;
	server.local = peers_are_local(server.socket);
	server.shared = server.local && config_text(OPT_LISTEN) == NULL;
	cgi = config_text(OPT_LISTEN) == NULL && FCGX_IsCGI();
	/* Plain CGI knows the document root already: open nothing with secrets that leaked. */
	exposed = cgi && !docroot_is_clear(&(struct gateway){ .fcgx = NULL });
	if (!exposed && (server.state = s->start()) == NULL)
		return 1;
	status = cgi ? serve_cgi(&server) : server_run(&server, &ends);
	cgi = !health_stop() || cgi;
	if (s->stop != NULL && !exposed)
		s->stop(server.state);
	if (server.stand_in > 0) {
		handover_execute(argv, server.stand_in);
		return 1;
	}
	if (cgi)
		exit_immediately(status);
	return status;
}
