/* caller.c - runs a command and makes HTTP calls for it, so that thousands of calls do not each
 * start curl.
 *
 *   caller COMMAND…   runs it with CALLER="IN OUT", two file descriptors; exits with its status
 *
 * Starting curl takes 9 ms of processor time; libcurl makes the same call from here. The command
 * writes a call to OUT as null-terminated fields: method, URL, timeout in seconds, file, body,
 * headers, and an empty field. We write the answer's headers to the file and its body to FILE.body.
 * Then we write a line to IN: the file, the status or 000, and an error message if there is one.
 * Every call uses a new connection, as with curl. There is one call at a time: parallel processes
 * use curl instead. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above what the shell and bats use for themselves. */
#define LOWEST_FD 30
#define CALL_BYTES_MAX (8L * 1024 * 1024)

enum field { METHOD, URL, SECONDS, NAME, BODY, HEADERS };

struct call {
	char *text; /* the fields, one after another */
	size_t bytes, room;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "caller: %s: %s\n", what, strerror(errno));
	exit(125);
}

static const char *
field_after(const char *field)
{
	return field + strlen(field) + 1;
}

/* True if the call is complete: the first five fields can be empty; the first empty one after them
 * ends it. */
static bool
is_whole(const struct call *c)
{
	const char *at = c->text, *end = c->text + c->bytes;

	for (int field = METHOD; at < end && memchr(at, 0, (size_t)(end - at)) != NULL;
		field++, at = field_after(at))
		if (field >= HEADERS && *at == 0)
			return true;
	return false;
}

/* Reads what is available. Returns false if the other side has closed the pipe. */
static bool
read_more(struct call *c, int fd)
{
	ssize_t n;

	if (c->bytes == c->room) {
		c->room = c->room ? c->room * 2 : 65536;
		if (c->room > CALL_BYTES_MAX || (c->text = realloc(c->text, c->room)) == NULL)
			die("a call is too large");
	}
	n = read(fd, c->text + c->bytes, c->room - c->bytes);
	if (n > 0)
		c->bytes += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

static FILE *
must_open(const char *name, const char *ending)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s%s", name, ending);
	if ((f = fopen(path, "w")) == NULL)
		die(path);
	return f;
}

/* Makes the call as curl would. Returns the status, or 0 if there was no response, and sets error
 * on failure. */
static long
make_call(CURL *curl, const char *field[], FILE *headers, FILE *body, char error[CURL_ERROR_SIZE])
{
	struct curl_slist *lines = NULL;
	char agent[64];
	long status = 0;
	CURLcode result;

	for (const char *line = field[HEADERS]; *line != 0; line = field_after(line))
		lines = curl_slist_append(lines, line);
	snprintf(agent, sizeof agent, "curl/%s", curl_version_info(CURLVERSION_NOW)->version);
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, field[URL]);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, field[METHOD]);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, strtol(field[SECONDS], NULL, 10));
	curl_easy_setopt(curl, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	if (*field[BODY] != 0)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, field[BODY]);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if ((result = curl_easy_perform(curl)) != CURLE_OK && *error == 0)
		snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(result));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(lines);
	return status;
}

static void
answer(CURL *curl, const struct call *c, int out)
{
	const char *field[HEADERS + 1] = { c->text };
	char error[CURL_ERROR_SIZE] = "";
	FILE *headers, *body;
	long status;

	for (int i = METHOD; i < HEADERS; i++)
		field[i + 1] = field_after(field[i]);
	headers = must_open(field[NAME], "");
	body = must_open(field[NAME], ".body");
	status = make_call(curl, field, headers, body, error);
	if (fclose(headers) != 0 || fclose(body) != 0)
		die("could not write an answer");
	dprintf(out, "%s %03ld %s\n", field[NAME], status, error);
}

static pid_t
start_command(char *command[], int in, int out)
{
	char fds[32];
	pid_t pid;

	snprintf(fds, sizeof fds, "%d %d", in, out);
	if (setenv("CALLER", fds, 1) != 0 || (pid = fork()) < 0)
		die("could not start a process");
	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	return pid;
}

/* Creates a pipe. Returns our end; *theirs is the command's. */
static int
pipe_to(int *theirs, bool we_read)
{
	int ends[2];

	if (pipe(ends) != 0 || (*theirs = fcntl(ends[we_read], F_DUPFD, LOWEST_FD)) < 0)
		die("pipe");
	close(ends[we_read]);
	if (fcntl(ends[!we_read], F_SETFD, FD_CLOEXEC) != 0)
		die("pipe");
	return ends[!we_read];
}

int
main(int argc, char *argv[])
{
	struct call c = { 0 };
	struct pollfd wait[2] = { { .events = POLLIN }, { .events = POLLIN } };
	CURL *curl;
	pid_t pid;
	int in, out, theirs_in, theirs_out, status = 0;

	if (argc < 2) {
		fputs("usage: caller COMMAND…\n", stderr);
		return 2;
	}
	if (curl_global_init(CURL_GLOBAL_ALL) != 0 || (curl = curl_easy_init()) == NULL)
		die("could not initialize libcurl");
	in = pipe_to(&theirs_out, true);
	out = pipe_to(&theirs_in, false);
	pid = start_command(argv + 1, theirs_in, theirs_out);
	/* On an interrupt the command shuts down in its own way; we exit after it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	close(theirs_in);
	close(theirs_out);
	wait[0].fd = in;
	if ((wait[1].fd = pidfd_open(pid, 0)) < 0)
		die("pidfd_open");
	while (poll(wait, 2, -1) > 0 || errno == EINTR) {
		if (wait[0].revents != 0 && !read_more(&c, in))
			wait[0].fd = -1;
		if (is_whole(&c)) {
			answer(curl, &c, out);
			c.bytes = 0;
		}
		if (wait[1].revents != 0)
			break;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	free(c.text);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
