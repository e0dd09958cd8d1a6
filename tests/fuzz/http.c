/* http.c - a request from text, through a service, and what its response must be; see http.h. */
#include "tests/fuzz/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http/health.h"
#include "common/http/server.h"
#include "tests/fuzz/transport.h"

/* ---- in place of common/http/health.c, which asks the database in a thread ---- */

struct reply *
health_ready(struct request *r, health_check *check)
{
	(void)check;
	return reply_error(r, ERR_UNAVAILABLE);
}

struct reply *
health_alarms(struct request *r, health_check *check)
{
	return health_ready(r, check);
}

struct reply *
health_live_get(struct request *r)
{
	return reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}

bool
health_stop(void)
{
	return true;
}

/* ---- the caller ---- */

enum error
http_identify(const char *token, struct caller *caller, const char **why)
{
	unsigned role = token != NULL ? role_from_name(token) : 0;

	if (role == 0) {
		*why = "The access token is not one of ours.";
		return ERR_UNAUTHENTICATED;
	}
	*caller = (struct caller){ .known = true, .roles = role };
	memset(caller->user.bytes, (int)role, sizeof caller->user.bytes);
	memset(caller->session.bytes, 7, sizeof caller->session.bytes);
	return OK;
}

/* ---- the request ---- */

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *found;

	found = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return found != NULL ? (int)(found - digits) : -1;
}

/* As the gateway hands it on: decoded, and without a NUL. */
static char *
path_decode(const char *text, size_t n)
{
	char *path = fuzz_copy(text, n), *out = path;

	for (const char *p = path; *p != '\0'; p++)
		if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0 && (p[1] != '0' || p[2] != '0')) {
			*out++ = (char)(hex(p[1]) << 4 | hex(p[2]));
			p += 2;
		} else {
			*out++ = *p;
		}
	*out = '\0';
	return path;
}

/* The gateway refuses control characters and blanks in a target. */
static void
target_set(struct transport *t, const char *method, char *target, struct http_call *call)
{
	size_t n = strcspn(target, "?");

	for (char *c = target; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			*c = '_';
	call->method = method;
	call->path = path_decode(target, n);
	transport_set(t, "REQUEST_METHOD", method);
	transport_set(t, "SCRIPT_NAME", call->path);
	transport_set(t, "QUERY_STRING", target[n] == '?' ? target + n + 1 : "");
}

/* "Idempotency-Key: a" becomes HTTP_IDEMPOTENCY_KEY; the gateway refuses control characters. */
static void
header_set(struct transport *t, char *line)
{
	char *value = strchr(line, ':'), name[128];

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	for (char *c = line; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	if (strcmp(line, "CONTENT_TYPE") == 0 || strcmp(line, "REMOTE_ADDR") == 0) {
		transport_set(t, line, value);
		return;
	}
	(void)snprintf(name, sizeof name, "HTTP_%s", line);
	transport_set(t, fuzz_copy(name, strlen(name)), value);
}

static void
request_parse(struct transport *t, struct fuzz_input *in, struct http_call *call)
{
	char *line = fuzz_line(in), *target = strchr(line, ' ');

	if (target != NULL)
		*target++ = '\0';
	target_set(t, line, target != NULL ? target : line + strlen(line), call);
	while (in->at < in->end && *(line = fuzz_line(in)) != '\0')
		header_set(t, line);
	call->body = fuzz_rest(in, &call->bytes);
}

/* ---- the response ---- */

static bool
segment_matches(const char *pattern, size_t n, const char *path, size_t m)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (pattern[0] != '{')
		return n == m && memcmp(pattern, path, n) == 0;
	if (m != sizeof form - 1)
		return false;
	for (size_t i = 0; i < m; i++)
		if (form[i] == '-' ? path[i] != '-' : hex(path[i]) < 0)
			return false;
	return true;
}

/* Segment by segment: not as route.c does it. */
static bool
pattern_matches(const char *pattern, const char *path)
{
	for (;;) {
		size_t n = strcspn(pattern, "/"), m = strcspn(path, "/");

		if (!segment_matches(pattern, n, path, m) || pattern[n] != path[m])
			return false;
		if (pattern[n] == '\0')
			return true;
		pattern += n + 1;
		path += m + 1;
	}
}

/* Without a database nothing exists, so 404 means that there is no such path. */
static void
route_check(const struct service *s, const struct http_call *call)
{
	const char *method = strcmp(call->method, "HEAD") == 0 ? "GET" : call->method;
	bool path = false, route = false;

	for (size_t i = 0; i < s->route_count; i++)
		if (pattern_matches(s->routes[i].pattern, call->path)) {
			path = true;
			route |= strcmp(method_name(s->routes[i].method), method) == 0;
		}
	if (call->status == 413) /* also before a route is looked for */
		return;
	CHECK((call->status == 404) == !path, "%s: %d", call->path, call->status);
	CHECK((call->status == 405) == (path && !route), "%s %s: %d", call->method, call->path,
		call->status);
}

static int
status_of_code(const char *code)
{
#define ERROR(name, status, code_, title) \
	if (strcmp(code, code_) == 0) \
		return status;
#include "common/base/error.def"
#undef ERROR
	return 0;
}

static void
problem_check(const struct http_call *call, const char *body)
{
	const json_t *p = call->reply;
	const char *code = json_string_value(json_object_get(p, "code"));

	CHECK(code != NULL && status_of_code(code) == call->status, "%d %s", call->status, body);
	CHECK(json_integer_value(json_object_get(p, "status")) == call->status, "%s", body);
	CHECK(json_string_length(json_object_get(p, "detail")) > 0, "%s", body);
	CHECK(json_is_string(json_object_get(p, "title")) &&
		json_is_string(json_object_get(p, "type")) &&
		json_is_string(json_object_get(p, "request_id")), "%s", body);
}

/* Each line "Name: value", nothing that could start another. Returns the value of a header. */
static const char *
header_find(char *head, const char *wanted)
{
	const char *found = NULL;

	for (char *line = head, *end; *line != '\0'; line = end + 2) {
		char *colon = strchr(line, ':');

		CHECK((end = strstr(line, "\r\n")) != NULL, "%s", line);
		CHECK(colon != NULL && colon < end && colon > line, "%s", line);
		for (char *c = line; c < end; c++)
			CHECK((unsigned char)*c >= ' ' && *c != 0x7f, "%s", line);
		if ((size_t)(colon - line) == strlen(wanted) &&
			strncasecmp(line, wanted, strlen(wanted)) == 0)
			found = colon + 2;
	}
	return found;
}

static void
response_check(struct transport *t, struct http_call *call)
{
	char *body, *end;
	const char *length, *type;
	bool json;

	CHECK(text_end(&t->sent) != NULL, "no memory");
	CHECK((end = strstr(t->sent.data, "\r\n\r\n")) != NULL, "%s", t->sent.data);
	body = end + 4;
	end[2] = '\0';
	CHECK(strncmp(t->sent.data, "Status: ", 8) == 0, "%s", t->sent.data);
	call->status = (int)strtol(t->sent.data + 8, NULL, 10);
	CHECK(call->status >= 200 && call->status < 600 && call->status != 500, "%s",
		t->sent.data);
	length = header_find(t->sent.data, "Content-Length");
	type = header_find(t->sent.data, "Content-Type");
	json = type != NULL && strstr(type, "json") != NULL;
	call->reply = NULL;
	if (strcmp(call->method, "HEAD") == 0)
		return;
	CHECK(length == NULL ? *body == '\0' : strtoul(length, NULL, 10) == strlen(body), "%s",
		t->sent.data);
	if (json)
		call->reply = fuzz_json(body, strlen(body), "a response");
	if (call->status >= 400) {
		CHECK(json && strncmp(type, "application/problem+json", 24) == 0, "%s", type);
		problem_check(call, body);
	}
}

/* ---- a call ---- */

static struct transport transport;

static void
call_make(const struct service *s, void *state, struct fuzz_input *in, struct http_call *call)
{
	struct server server = { .service = s, .state = state };
	char length[24];

	(void)snprintf(length, sizeof length, "%zu", call->bytes);
	transport_set(&transport, "CONTENT_LENGTH", length);
	transport.body = call->body;
	transport.bytes = call->bytes;
	transport.read = 0;
	transport_use(&transport);
	server_serve(&server, in->arena, &(struct gateway){ .fcgx = NULL });
	response_check(&transport, call);
	transport_use(NULL);
	text_free(&transport.sent);
	route_check(s, call);
}

void
http_run(const struct service *s, void *state, struct fuzz_input *in, struct http_call *call)
{
	transport = (struct transport){ 0 };
	request_parse(&transport, in, call);
	call_make(s, state, in, call);
}

void
http_again(const struct service *s, void *state, struct fuzz_input *in, const char *body,
	size_t bytes, struct http_call *call)
{
	call->body = body;
	call->bytes = bytes;
	call_make(s, state, in, call);
}
