/* log_pump.c - passes a service's output to the program that keeps its log, and never blocks the
 * service.
 *
 *   log_pump COMMAND...      copies standard input to COMMAND's
 *
 * The keeper stops reading if its disk is full. Up to a megabyte of lines then waits here. Further
 * lines are dropped whole and counted, and the log says how many once the keeper continues. One
 * thread; it waits only in poll(). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/program.h"

#define KEPT (1024 * 1024)
/* Room for the sentence that says how much was lost. */
#define NOTICE 256
#define CHUNK 65536
/* After the service has ended: how long the keeper may take for the rest. */
#define LAST_WAIT_MS 3000
#define RESTART_MS 1000

struct pump {
	char kept[KEPT + NOTICE];
	size_t used; /* bytes in kept, the oldest first */
	bool half; /* the last line that was kept has no end yet */
	bool dropping; /* the line that is being read did not fit */
	unsigned long long lost_lines, lost_bytes; /* not told yet */
	int out;
	pid_t keeper;
};

static void
quit(const char *what)
{
	fprintf(stderr, "log_pump: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
keeper_start(struct pump *p, char **command)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || (p->keeper = fork()) < 0)
		quit("the log's keeper cannot be started");
	if (p->keeper == 0) {
		if (dup2(ends[0], STDIN_FILENO) >= 0)
			execvp(command[0], command);
		quit(command[0]);
	}
	close(ends[0]);
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0)
		quit("the keeper's pipe");
	p->out = ends[1];
}

static void
keep(struct pump *p, const char *bytes, size_t n)
{
	memcpy(p->kept + p->used, bytes, n);
	p->used += n;
	p->half = bytes[n - 1] != '\n';
}

/* Says what was lost, at the place where the lines are missing. */
static void
lost_tell(struct pump *p)
{
	char text[NOTICE], at[INSTANT_TEXT];
	int n;

	if (p->lost_lines == 0 || p->half || p->used + NOTICE > sizeof p->kept)
		return;
	instant_format(clock_now(), at);
	n = snprintf(text, sizeof text,
		"{\"time\":\"%s\",\"level\":\"error\",\"program\":\"log_pump\","
		"\"message\":\"the log could not be written: %llu lines are lost\","
		"\"lines\":%llu,\"bytes\":%llu}\n",
		at, p->lost_lines, p->lost_lines, p->lost_bytes);
	keep(p, text, (size_t)n);
	p->lost_lines = p->lost_bytes = 0;
}

/* Keeps whole lines while there is room. Once a line is lost, so are the next ones, until the log
 * says so. If the rest of a line does not fit, the part that is already kept gets a line end. */
static void
take(struct pump *p, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t line = end != NULL ? (size_t)(end - bytes) + 1 : n;

		if (!p->dropping && (p->lost_lines > 0 || p->used + line + 1 > KEPT)) {
			p->dropping = true;
			if (p->half)
				keep(p, "\n", 1);
		}
		if (!p->dropping)
			keep(p, bytes, line);
		else
			p->lost_bytes += line;
		if (p->dropping && end != NULL) {
			p->lost_lines++;
			p->dropping = false;
		}
		bytes += line;
		n -= line;
	}
}

/* Writes what the keeper takes now. */
static bool
give(struct pump *p)
{
	ssize_t n = write(p->out, p->kept, p->used);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(p->kept, p->kept + n, p->used - (size_t)n);
	p->used -= (size_t)n;
	/* A keeper that takes a line now and then would otherwise hear of each lost one. */
	if (p->used < KEPT / 2)
		lost_tell(p);
	return true;
}

/* false at the end of the input. */
static bool
listen(struct pump *p)
{
	char bytes[CHUNK];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

	if (n > 0)
		take(p, bytes, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void
pump(struct pump *p, char **command)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	for (;;) {
		fds[1] = (struct pollfd){ .fd = p->out,
			.events = p->used > 0 || p->lost_lines > 0 ? POLLOUT : 0 };
		if (poll(fds, 2, p->out < 0 ? RESTART_MS : -1) < 0 && errno != EINTR)
			quit("poll");
		if (fds[0].revents != 0 && !listen(p))
			return;
		if (p->out < 0) {
			waitpid(p->keeper, NULL, 0);
			keeper_start(p, command);
		} else if ((fds[1].revents & POLLERR) != 0 || (fds[1].revents != 0 && !give(p))) {
			close(p->out);
			p->out = -1; /* restarted after a pause; reading goes on */
		}
	}
}

/* Gives the keeper some time for the rest, and some more to end; then kills it. */
static void
finish(struct pump *p)
{
	struct pollfd fd = { .fd = p->out, .events = POLLOUT };

	for (int ms = 0; p->used > 0 && ms < LAST_WAIT_MS; ms += 50)
		if (poll(&fd, 1, 50) > 0 && !give(p))
			break;
	if (p->out >= 0)
		close(p->out);
	for (int ms = 0; ms < LAST_WAIT_MS; ms += 50) {
		if (waitpid(p->keeper, NULL, WNOHANG) != 0)
			return;
		clock_sleep_ms(50);
	}
	kill(p->keeper, SIGKILL);
	waitpid(p->keeper, NULL, 0);
}

int
main(int argc, char **argv)
{
	static struct pump p;

	if (program_info(argc, argv, "log_pump",
		    "  log_pump COMMAND...    pass standard input to COMMAND, and never block\n"))
		return 0;
	if (argc < 2) {
		fprintf(stderr, "usage: log_pump COMMAND...\n");
		return 2;
	}
	/* It ends once the service's end of the pipe is closed, so no last words are lost. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	keeper_start(&p, argv + 1);
	pump(&p, argv + 1);
	lost_tell(&p);
	finish(&p);
	return 0;
}
