/* server.c - the threads that serve requests until SIGTERM.
 *
 * Graceful shutdown matters most. Only the main thread receives SIGTERM (sigwaitinfo). It hands the
 * socket over (handover.h) or, if the gateway itself ends, shuts the socket down, which makes every
 * accept() return. A busy thread first finishes its request and sends the response, then sees that
 * it must end. Every accepted request gets a response. */
#include "common/http/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/http/handover.h"

#define STACK_BYTES (512 * 1024)
#define ACCEPT_PAUSE_MS 100
/* How long a peer has for its first byte. libfcgi, too, then drops the connection. */
#define SILENT_MAX_MS 100
/* See accept_interruptible(). */
#define ACCEPT_MAX_S 3600
#define WAKE_MS 10

/* Is it worth another try after accept() has failed? Not enough memory or descriptors, or a peer
 * that has gone: these pass. Anything else means that the socket is unusable: the process must end,
 * so that the gateway starts another. */
static bool
accept_can_recover(int error)
{
	static const int passing[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, ECONNABORTED, EPROTO,
		ENETDOWN, ENONET, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH };
	static _Atomic int64_t quiet_until_ms;
	int64_t now = clock_monotonic_ms();

	if (error == EINTR || error == EAGAIN)
		return true;
	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		if (error == passing[i]) {
			if (atomic_exchange(&quiet_until_ms, now + 1000) <= now)
				log_error("cannot accept a connection: %s", strerror(error));
			clock_sleep_ms(ACCEPT_PAUSE_MS);
			return true;
		}
	log_error("cannot accept connections any more: %s: ending", strerror(error));
	(void)kill(getpid(), SIGUSR1); /* which a stand-in obeys, too */
	return false;
}

/* Bounded although SIGUSR2 interrupts it, at most every WAKE_MS. */
static bool
request_arrives(int connection)
{
	struct pollfd p = { .fd = connection, .events = POLLIN };
	int ready = -1;

	for (int turn = 0; turn <= SILENT_MAX_MS / WAKE_MS && ready < 0; turn++)
		if ((ready = poll(&p, 1, SILENT_MAX_MS)) < 0 && errno != EINTR)
			return false;
	return ready > 0;
}

/* Waits for a request; -errno if there is none. libfcgi's accept() would drop a connection if
 * SIGUSR2 arrives between accept() and the first byte. So it gets the connection from here, as one
 * that it has kept open. */
static int
connection_accept(const struct server *server, FCGX_Request *fcgx)
{
	int connection;

	if (!server->shared)
		return FCGX_Accept_r(fcgx);
	if ((connection = accept4(server->socket, NULL, NULL, SOCK_CLOEXEC)) < 0)
		return -errno;
	if (!request_arrives(connection)) {
		close(connection);
		return -EAGAIN;
	}
	fcgx->ipcFd = connection;
	fcgx->keepConnection = 1;
	return FCGX_Accept_r(fcgx);
}

/* False: time to stop. */
static bool
request_accept(struct server *server, FCGX_Request *fcgx)
{
	int status = -EINTR;

	while (status != 0) {
		door_enter(&server->door);
		status = server->handed_over ? -EINTR : connection_accept(server, fcgx);
		door_leave(&server->door);
		if (status != 0 && (server->handed_over || server->ending ||
					   !accept_can_recover(-status)))
			return false;
	}
	return true;
}

static void *
worker(void *context)
{
	struct server *server = context;
	struct arena *arena;
	FCGX_Request fcgx;
	struct gateway gateway = { .fcgx = &fcgx };

	while ((arena = arena_new((size_t)config_number(OPT_REQUEST_MEMORY))) == NULL) {
		log_error("a thread cannot start: out of memory");
		if (server->ending || server->handed_over)
			return NULL;
		clock_sleep_ms(1000);
	}
	(void)FCGX_InitRequest(&fcgx, server->socket, FCGI_FAIL_ACCEPT_ON_INTR);
	while (request_accept(server, &fcgx)) {
		server_serve(server, arena, &gateway);
		if (server->local)
			FCGX_Detach(&fcgx);
		FCGX_Finish_r(&fcgx);
	}
	FCGX_Free(&fcgx, 1);
	arena_free(arena);
	return NULL;
}

static int
threads_start(struct server *server, pthread_t *threads, int count)
{
	pthread_attr_t attributes;
	int n = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (n < count && pthread_create(&threads[n], &attributes, worker, server) == 0)
		n++;
	pthread_attr_destroy(&attributes);
	if (n < count)
		log_warn("started only %d of %d threads", n, count);
	return n;
}

static void
wake(int unused)
{
	(void)unused;
}

/* Lets SIGUSR2 end an accept() without shutting down the socket, which other processes use. With a
 * timeout on the socket, accept() is never restarted after a signal; everything else a thread could
 * wait in is (SA_RESTART), or tries again by itself. */
static void
accept_interruptible(const struct server *server)
{
	struct sigaction action = { .sa_handler = wake, .sa_flags = SA_RESTART };
	struct timeval most = { .tv_sec = ACCEPT_MAX_S };

	(void)sigaction(SIGUSR2, &action, NULL);
	if (setsockopt(server->socket, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) != 0)
		log_warn("cannot set a timeout on the socket: %s", strerror(errno));
}

/* A thread that is just about to wait misses a signal, so it gets another. */
static void
threads_wake(const pthread_t *threads, int count)
{
	bool joined[count];
	int left = count;

	memset(joined, 0, sizeof joined);
	while (left > 0) {
		for (int i = 0; i < count; i++) {
			if (joined[i])
				continue;
			if (pthread_tryjoin_np(threads[i], NULL) == 0) {
				joined[i] = true;
				left--;
			} else {
				(void)pthread_kill(threads[i], SIGUSR2);
			}
		}
		clock_sleep_ms(left > 0 ? WAKE_MS : 0);
	}
}

/* Returns when every thread has finished its request. */
static void
threads_end(struct server *server, const siginfo_t *signal, pthread_t *threads, int count)
{
	if (server->shared && handover_is_due(signal))
		server->stand_in = handover_start(server->argv);
	if (server->stand_in > 0 || handover_is_stand_in()) {
		log_info("%s: handing over the socket", server->service->name);
		server->handed_over = true;
		door_close(&server->door);
		threads_wake(threads, count);
		return;
	}
	log_info("%s: shutting down after the accepted requests", server->service->name);
	server->ending = true;
	FCGX_ShutdownPending();
	shutdown(server->socket, SHUT_RD);
	door_close(&server->door);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int
server_run(struct server *server, const sigset_t *ends)
{
	int count = (int)config_number(OPT_HANDLER_THREADS);
	siginfo_t got = { .si_signo = 0 };
	pthread_t *threads = calloc((size_t)count, sizeof *threads);

	if (server->shared)
		accept_interruptible(server);
	door_init(&server->door);
	if (threads == NULL || (count = threads_start(server, threads, count)) == 0) {
		free(threads);
		log_error("cannot start any thread");
		return 1;
	}
	log_info("%s: serving with %d threads", server->service->name, count);
	handover_ready();
	while (sigwaitinfo(ends, &got) < 0 || handover_ignores(&got))
		;
	threads_end(server, &got, threads, count);
	free(threads);
	return 0;
}
