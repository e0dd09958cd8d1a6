/* ask.c - asks another handler, over FastCGI; see ask.h. */
#include "common/http/ask.h"

#include <arpa/inet.h>
#include <fastcgi.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"

#define REQUEST_BYTES 8192
#define ANSWER_BYTES (128 * 1024)

/* ---- the connection ---- */

/* Bounds connect(), send() and recv(). */
static void
timeouts_set(int fd, int64_t ms)
{
	struct timeval timeout = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (ms < 1)
		timeout.tv_usec = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

static int
connected(int family, const struct sockaddr *address, socklen_t bytes)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	timeouts_set(fd, ASK_MS);
	if (connect(fd, address, bytes) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_to(const char *address)
{
	const char *colon = strrchr(address, ':');
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	char host[256];
	int fd = -1;

	if (colon == NULL) {
		snprintf(path.sun_path, sizeof path.sun_path, "%s", address);
		return connected(AF_UNIX, (struct sockaddr *)&path, sizeof path);
	}
	snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
	if (getaddrinfo(*host != '\0' ? host : "127.0.0.1", colon + 1, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = connected(a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

/* ---- the request ---- */

struct record {
	unsigned char bytes[REQUEST_BYTES];
	size_t used;
	bool failed; /* it does not fit */
};

static void
put(struct record *r, const void *p, size_t n)
{
	if (n > sizeof r->bytes - r->used) {
		r->failed = true;
		return;
	}
	memcpy(r->bytes + r->used, p, n);
	r->used += n;
}

static void
put_length(struct record *r, size_t n)
{
	uint32_t wide = htonl((uint32_t)n | UINT32_C(0x80000000));
	unsigned char narrow = (unsigned char)n;

	if (n < 128)
		put(r, &narrow, 1);
	else
		put(r, &wide, sizeof wide);
}

static void
put_variable(struct record *r, const char *name, const char *value)
{
	if (value == NULL)
		return;
	put_length(r, strlen(name));
	put_length(r, strlen(value));
	put(r, name, strlen(name));
	put(r, value, strlen(value));
}

/* Returns where the record starts; its length is set by end(). */
static size_t
begin(struct record *r, unsigned char type)
{
	const FCGI_Header header = { .version = FCGI_VERSION_1, .type = type, .requestIdB0 = 1 };
	size_t at = r->used;

	put(r, &header, sizeof header);
	return at;
}

static void
end(struct record *r, size_t at)
{
	size_t n = r->used - at - sizeof(FCGI_Header);

	if (r->failed)
		return;
	r->bytes[at + offsetof(FCGI_Header, contentLengthB1)] = (unsigned char)(n >> 8);
	r->bytes[at + offsetof(FCGI_Header, contentLengthB0)] = (unsigned char)n;
}

static bool
request_send(int fd, struct request *asking, const char *path)
{
	static const char *const passed[] = { "AUTH_USER_ID", "AUTH_SESSION_ID", "AUTH_ROLES",
		"HTTP_AUTHORIZATION" };
	const FCGI_BeginRequestBody responder = { .roleB0 = FCGI_RESPONDER };
	struct record r = { .used = 0 };
	size_t at;

	at = begin(&r, FCGI_BEGIN_REQUEST);
	put(&r, &responder, sizeof responder);
	end(&r, at);
	at = begin(&r, FCGI_PARAMS);
	put_variable(&r, "REQUEST_METHOD", "GET");
	put_variable(&r, "SCRIPT_NAME", path);
	put_variable(&r, "QUERY_STRING", "");
	put_variable(&r, "HTTP_X_REQUEST_ID", asking->id);
	for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
		put_variable(&r, passed[i], request_variable(asking, passed[i]));
	end(&r, at);
	(void)begin(&r, FCGI_PARAMS); /* the end of each */
	(void)begin(&r, FCGI_STDIN);
	return !r.failed && send(fd, r.bytes, r.used, MSG_NOSIGNAL) == (ssize_t)r.used;
}

/* ---- the answer ---- */

/* Everything until the peer closes the connection; 0: too much, or not in time. */
static size_t
answer_receive(int fd, unsigned char *out)
{
	int64_t until = clock_monotonic_ms() + ASK_MS;
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, out + n, ANSWER_BYTES - n, 0)) > 0) {
		n += (size_t)got;
		if (n == ANSWER_BYTES)
			return 0;
		timeouts_set(fd, until - clock_monotonic_ms());
	}
	return got == 0 ? n : 0;
}

/* Joins the contents of the FCGI_STDOUT records, in place. */
static size_t
output_join(unsigned char *bytes, size_t n)
{
	size_t out = 0, at = 0;

	while (n - at >= sizeof(FCGI_Header)) {
		FCGI_Header header;
		size_t length, padding;

		memcpy(&header, bytes + at, sizeof header);
		at += sizeof header;
		length = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;
		padding = header.paddingLength;
		if (length + padding > n - at)
			break;
		if (header.type == FCGI_STDOUT) {
			memmove(bytes + out, bytes + at, length);
			out += length;
		}
		at += length + padding;
	}
	bytes[out] = '\0';
	return out;
}

static enum error
answer_read(const char *text, size_t n, int *status, json_t **body)
{
	const char *line = strstr(text, "Status: "), *blank = strstr(text, "\r\n\r\n");
	char reason[JSON_REASON];

	if (line == NULL || blank == NULL || line > blank)
		return ERR_UNAVAILABLE;
	*status = (int)strtol(line + strlen("Status: "), NULL, 10);
	blank += 4;
	return json_read(blank, n - (size_t)(blank - text), body, reason);
}

enum error
ask_get(struct request *r, const char *address, const char *path, int *status, json_t **body)
{
	unsigned char *answer = arena_alloc(r->arena, ANSWER_BYTES + 1);
	enum error e = ERR_UNAVAILABLE;
	size_t n;
	int fd;

	if (answer == NULL)
		return ERR_TOO_LARGE;
	if ((fd = connect_to(address)) >= 0 && request_send(fd, r, path) &&
		(n = answer_receive(fd, answer)) > 0)
		e = answer_read((char *)answer, output_join(answer, n), status, body);
	if (fd >= 0)
		close(fd);
	if (e == ERR_UNAVAILABLE)
		log_warn("no answer from %s about %s", address, path);
	return e;
}
