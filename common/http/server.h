/* server.h - the threads that serve requests until SIGTERM; private to service.c and server.c. */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

#include <signal.h>
#include <stdatomic.h>

#include "common/http/door.h"
#include "common/http/request_private.h"
#include "common/http/service.h"

struct server {
	const struct service *service;
	void *state;
	char **argv;
	int socket;
	bool local; /* the peers are on this machine: see peers_are_local() */
	bool shared; /* inherited, and local: another process can take over the socket */
	struct door door;
	atomic_bool ending;      /* accept what has arrived, then end */
	atomic_bool handed_over; /* accept no more: another process does */
	pid_t stand_in;          /* which serves while this process executes itself again */
};

/* Serves from HANDLER_THREADS threads until one of the signals `ends`, which every thread has to
 * block. Returns main's exit status. */
int server_run(struct server *server, const sigset_t *ends);
/* Handles one request and sends the reply. In serve.c. */
void server_serve(
	const struct server *server, struct arena *arena, const struct gateway *gateway);

#endif
