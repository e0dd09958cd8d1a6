/* log_pump.c - passes a service's output to the program that writes its log, and never blocks the
 * service.
 *
 *   log_pump COMMAND...      copies standard input to COMMAND's
 *
 * The writer stops reading if its disk is full. Up to a megabyte of lines then stays here. Further
 * lines are dropped whole and counted, and the log says how many once the writer continues. One
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

#define BUFFER_BYTES (1024 * 1024)
/* Room for the line that reports a loss. */
#define NOTICE 256
#define CHUNK 65536
/* After the service has ended: how long the writer has for the rest. */
#define LAST_WAIT_MS 3000
#define RESTART_MS 1000

struct pump {
	char buffer[BUFFER_BYTES + NOTICE];
	size_t used; /* bytes in buffer, the oldest first */
	bool open_line; /* the last buffered line has no end yet */
	bool dropping; /* the line being read did not fit */
	unsigned long long lost_lines, lost_bytes; /* not reported yet */
	int out;
	pid_t writer;
};

static void
quit(const char *what)
{
	fprintf(stderr, "log_pump: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
writer_start(struct pump *p, char **command)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || (p->writer = fork()) < 0)
		quit("the log writer cannot be started");
	if (p->writer == 0) {
		if (dup2(ends[0], STDIN_FILENO) >= 0)
			execvp(command[0], command);
		quit(command[0]);
	}
	close(ends[0]);
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0)
		quit("the writer's pipe");
	p->out = ends[1];
}

static void
buffer_add(struct pump *p, const char *bytes, size_t n)
{
	memcpy(p->buffer + p->used, bytes, n);
	p->used += n;
	p->open_line = bytes[n - 1] != '\n';
}

/* Adds a line about the loss, at the place where the lines are missing. */
static void
lost_report(struct pump *p)
{
	char text[NOTICE], at[INSTANT_TEXT];
	int n;

	if (p->lost_lines == 0 || p->open_line || p->used + NOTICE > sizeof p->buffer)
		return;
	instant_format(clock_now(), at);
	n = snprintf(text, sizeof text,
		"{\"time\":\"%s\",\"level\":\"error\",\"program\":\"log_pump\","
		"\"message\":\"the log could not be written: %llu lines are lost\","
		"\"lines\":%llu,\"bytes\":%llu}\n",
		at, p->lost_lines, p->lost_lines, p->lost_bytes);
	buffer_add(p, text, (size_t)n);
	p->lost_lines = p->lost_bytes = 0;
}

/* Buffers whole lines while there is room. Once a line is lost, so are the next ones, until the log
 * reports it. If the rest of a line does not fit, the part in the buffer gets a line end. */
static void
lines_add(struct pump *p, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t line = end != NULL ? (size_t)(end - bytes) + 1 : n;

		if (!p->dropping && (p->lost_lines > 0 || p->used + line + 1 > BUFFER_BYTES)) {
			p->dropping = true;
			if (p->open_line)
				buffer_add(p, "\n", 1);
		}
		if (!p->dropping)
			buffer_add(p, bytes, line);
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

/* Writes as much as the pipe accepts. false if the writer is gone. */
static bool
flush(struct pump *p)
{
	ssize_t n = write(p->out, p->buffer, p->used);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(p->buffer, p->buffer + n, p->used - (size_t)n);
	p->used -= (size_t)n;
	/* Otherwise a slow writer would get a report for each lost line. */
	if (p->used < BUFFER_BYTES / 2)
		lost_report(p);
	return true;
}

/* false at the end of the input. */
static bool
receive(struct pump *p)
{
	char bytes[CHUNK];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

	if (n > 0)
		lines_add(p, bytes, (size_t)n);
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
		if (fds[0].revents != 0 && !receive(p))
			return;
		if (p->out < 0) {
			waitpid(p->writer, NULL, 0);
			writer_start(p, command);
		} else if ((fds[1].revents & POLLERR) != 0 || (fds[1].revents != 0 && !flush(p))) {
			close(p->out);
			p->out = -1; /* restarted after a pause; reading goes on */
		}
	}
}

/* Gives the writer some time for the rest, and some more to end; then kills it. */
static void
finish(struct pump *p)
{
	struct pollfd fd = { .fd = p->out, .events = POLLOUT };

	for (int ms = 0; p->used > 0 && ms < LAST_WAIT_MS; ms += 50)
		if (poll(&fd, 1, 50) > 0 && !flush(p))
			break;
	if (p->out >= 0)
		close(p->out);
	for (int ms = 0; ms < LAST_WAIT_MS; ms += 50) {
		if (waitpid(p->writer, NULL, WNOHANG) != 0)
			return;
		clock_sleep_ms(50);
	}
	kill(p->writer, SIGKILL);
	waitpid(p->writer, NULL, 0);
}

int
main(int argc, char **argv)
{
	static const char help[] = "usage: log_pump COMMAND...\n\n"
				   "Copies standard input to COMMAND's, without blocking.\n";
	static struct pump p;

	if (program_describe(argc, argv, "log_pump", help))
		return 0;
	if (argc < 2) {
		fprintf(stderr, "%s", help);
		return 2;
	}
	/* It ends once the service's end of the pipe is closed, so its last lines are not lost. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	writer_start(&p, argv + 1);
	pump(&p, argv + 1);
	lost_report(&p);
	finish(&p);
	return 0;
}
