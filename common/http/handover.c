/* handover.c - a handler restarts itself without refusing a request; see handover.h. */
#include "common/http/handover.h"

#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

/* What one execution tells the next. */
#define READY_FD "PURSE_READY_FD" /* where a stand-in reports that it serves */
#define STAND_IN "PURSE_STAND_IN" /* the stand-in's process id */
#define PARENT "PURSE_PARENT_PID" /* the handler of a stand-in, else the gateway */

/* Operators send SIGTERM, by name or to a group, so to a stand-in as well: it must not end then, as
 * no one else serves. */
#define STAND_IN_ENDS SIGUSR1

#define READY_FD_NUMBER 3
#define START_MS 10000

extern char **environ;

static struct {
	pid_t parent; /* the gateway; a stand-in's is its handler */
	pid_t ended_by_us;
	bool is_stand_in;
} handover;

static pid_t
number_in(const char *name)
{
	const char *text = getenv(name);
	pid_t n = text != NULL ? (pid_t)strtol(text, NULL, 10) : 0;

	unsetenv(name);
	return n;
}

void
handover_init(void)
{
	handover.is_stand_in = getenv(READY_FD) != NULL;
	handover.ended_by_us = number_in(STAND_IN);
	handover.parent = number_in(PARENT);
	if (handover.parent == 0)
		handover.parent = getppid();
	/* Inherited from the previous execution, this would let another process have the id of a
	 * stand-in that has died. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (!handover.is_stand_in)
		return;
	(void)prctl(PR_SET_PDEATHSIG, STAND_IN_ENDS);
	if (getppid() != handover.parent)
		_exit(1); /* the handler died before prctl() */
}

/* Process 1 ends everything: the machine shuts down. */
bool
handover_is_due(const siginfo_t *signal)
{
	return !handover.is_stand_in && getppid() == handover.parent && signal->si_pid > 1 &&
	       signal->si_pid != handover.parent && signal->si_pid != getpid();
}

/* Signals do not queue, so the sender is no criterion: that of the first one is all we learn. */
bool
handover_ignores(const siginfo_t *signal)
{
	return handover.is_stand_in && signal->si_signo != STAND_IN_ENDS;
}

bool
handover_is_stand_in(void)
{
	return handover.is_stand_in && getppid() == handover.parent;
}

static void
number_set(const char *name, pid_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%ld", (long)n);
	(void)setenv(name, text, 1);
}

/* The stand-in inherits the socket (0), the log, and the end of a pipe: no request's connection. */
static pid_t
stand_in_spawn(char **argv, int ready)
{
	posix_spawn_file_actions_t files;
	pid_t pid = 0;
	int failed;

	number_set(READY_FD, READY_FD_NUMBER);
	number_set(PARENT, getpid());
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ready, READY_FD_NUMBER);
	posix_spawn_file_actions_addclosefrom_np(&files, READY_FD_NUMBER + 1);
	failed = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	unsetenv(READY_FD);
	unsetenv(PARENT);
	if (failed != 0)
		log_error("cannot start %s again: %s", argv[0], strerror(failed));
	return failed == 0 ? pid : 0;
}

pid_t
handover_start(char **argv)
{
	int ends[2];
	char byte;
	pid_t pid;
	bool ready;

	if (pipe(ends) != 0) {
		log_error("cannot hand over the socket: %s", strerror(errno));
		return 0;
	}
	pid = stand_in_spawn(argv, ends[1]);
	close(ends[1]);
	ready = pid > 0 && poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1,
				   START_MS) == 1 &&
		read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	if (pid > 0 && !ready) {
		log_error("the new process does not serve: stopping without it");
		(void)kill(pid, SIGKILL); /* it could hang */
		(void)waitpid(pid, NULL, 0);
	}
	return ready ? pid : 0;
}

void
handover_execute(char **argv, pid_t stand_in)
{
	number_set(STAND_IN, stand_in);
	number_set(PARENT, handover.parent);
	fflush(NULL);
	(void)execvp(argv[0], argv);
	log_error("cannot execute %s again: %s", argv[0], strerror(errno));
}

void
handover_ready(void)
{
	if (getenv(READY_FD) != NULL) {
		if (write(READY_FD_NUMBER, "", 1) != 1)
			log_warn("no process waits for this one");
		close(READY_FD_NUMBER);
		unsetenv(READY_FD);
	}
	if (handover.ended_by_us > 0) {
		(void)kill(handover.ended_by_us, STAND_IN_ENDS);
		handover.ended_by_us = 0;
		/* No zombies: neither of stand-ins that end later, nor of those that have. */
		(void)signal(SIGCHLD, SIG_IGN);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
