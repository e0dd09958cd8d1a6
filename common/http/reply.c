/* reply.c - builds and sends responses; the only place that knows the inside of a reply. */
#include "common/http/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/http/request_private.h"

#define PROBLEM "application/problem+json"

/* The response if the request has used up its memory, so no response can be built. */
static const char out_of_memory[] =
	"{\"type\":\"/docs/errors#too_large\",\"title\":\"The request is larger than allowed\","
	"\"status\":413,\"code\":\"too_large\","
	"\"detail\":\"The request needs more memory than a request can use.\","
	"\"request_id\":\"\"}";

static __thread struct reply last_resort;

/* One per thread, as a thread has one request. It is complete: reply_header() leaves it alone. */
static struct reply *
reply_last_resort(void)
{
	last_resort = (struct reply){ .status = 413,
		.content_type = PROBLEM,
		.body = out_of_memory,
		.bytes = sizeof out_of_memory - 1,
		.file = -1 };
	return &last_resort;
}

struct reply *
reply_new(struct request *r, int status)
{
	struct reply *reply = arena_alloc(r->arena, sizeof *reply);

	if (reply == NULL)
		return reply_last_resort();
	reply->status = status;
	reply->file = -1;
	return reply;
}

static struct reply *
reply_body(struct request *r, int status, const char *content_type, const char *body, size_t bytes)
{
	struct reply *reply = body != NULL ? reply_new(r, status) : reply_last_resort();

	if (reply == &last_resort)
		return reply;
	reply->content_type = content_type;
	reply->body = body;
	reply->bytes = bytes;
	return reply;
}

/* Most bodies fit into the small buffer, so they are written once instead of measured first. Larger
 * ones go straight to the arena. */
static struct reply *
reply_dump(struct request *r, int status, const char *content_type, json_t *body)
{
	char small[2048];
	size_t n = body != NULL ? json_dumpb(body, small, sizeof small, JSON_COMPACT) : 0;
	char *text = n > 0 ? arena_alloc(r->arena, n + 1) : NULL;

	if (text != NULL && n <= sizeof small)
		memcpy(text, small, n);
	else if (text != NULL)
		json_dumpb(body, text, n, JSON_COMPACT);
	json_decref(body);
	return reply_body(r, status, content_type, text, n);
}

struct reply *
reply_json(struct request *r, int status, json_t *body)
{
	return reply_dump(r, status, "application/json", body);
}

/* The text stays in malloc'd memory: copying a page into the arena would double its size. */
struct reply *
reply_json_text(struct request *r, int status, struct text *t)
{
	struct reply *reply = reply_body(r, status, "application/json", text_end(t), t->bytes);

	if (reply != &last_resort) {
		reply->text = t->data;
		t->data = NULL;
		t->capacity = 0;
	}
	return reply;
}

struct reply *
reply_empty(struct request *r, int status)
{
	return reply_new(r, status);
}

struct reply *
reply_text(struct request *r, int status, const char *content_type, const char *text)
{
	return reply_body(r, status, content_type, text, text != NULL ? strlen(text) : 0);
}

json_t *
problem_json(const struct request *r, enum error e, const char *detail, json_t *errors)
{
	char type[96];
	json_t *p;

	snprintf(type, sizeof type, "/docs/errors#%s", error_code(e));
	/* A detail can quote input that was cut inside a character, so is not valid UTF-8. */
	if (detail == NULL || (p = json_string(detail)) == NULL)
		p = json_string(error_detail(e));
	p = json_pack("{s:s, s:s, s:i, s:s, s:o, s:s}", "type", type, "title", error_title(e),
		"status", error_status(e), "code", error_code(e), "detail", p, "request_id", r->id);
	if (p != NULL && e == ERR_INVALID_REQUEST && errors != NULL)
		json_object_set(p, "errors", errors);
	return p;
}

/* Says what was looked for, by the first id in the path. The list that it belongs to is the path
 * before it. */
static void
missing_explain(struct request *r)
{
	char text[UUID_TEXT];
	struct uuid id;

	for (const char *p = strchr(r->path, '/'); p != NULL; p = strchr(p + 1, '/')) {
		snprintf(text, sizeof text, "%s", p + 1);
		if (uuid_parse(text, &id)) {
			(void)request_refuse(r, ERR_NOT_FOUND,
				"There is nothing with the id %s that you can see: GET %.*s lists"
				" what you can.",
				text, (int)(p - r->path), r->path);
			return;
		}
	}
}

static json_t *
problem(struct request *r, enum error e)
{
	json_t *p;

	if (e == ERR_NOT_FOUND && r->detail == NULL)
		missing_explain(r);
	p = problem_json(r, e, r->detail, r->faults.list);
	if (p != NULL && r->extra != NULL)
		json_object_update_missing(p, r->extra);
	return p;
}

struct reply *
reply_error(struct request *r, enum error e)
{
	int status = error_status(e);
	struct reply *reply = reply_dump(r, status, PROBLEM, problem(r, e));

	/* RFC 6750, 3.1: no error code for a request without credentials. */
	if (status == 401)
		reply_header(r, reply, "WWW-Authenticate", "Bearer realm=\"purse\"%s",
			request_header(r, "Authorization") != NULL ? ", error=\"invalid_token\""
								   : "");
	if (r->retry_after_s > 0 || status == 503)
		reply_header(r, reply, "Retry-After", "%ld",
			r->retry_after_s > 0 ? r->retry_after_s : 1L);
	return reply;
}

/* CR or LF in a value would let a client write headers of its own. */
struct reply *
reply_header(struct request *r, struct reply *reply, const char *name, const char *fmt, ...)
{
	char *value, *line;
	va_list ap;

	if (reply == &last_resort)
		return reply;
	va_start(ap, fmt);
	value = arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	if (value == NULL || strpbrk(value, "\r\n") != NULL ||
		reply->header_count == REPLY_HEADERS ||
		(line = arena_printf(r->arena, "%s: %s", name, value)) == NULL) {
		log_error("cannot set the header %s", name);
		return reply;
	}
	for (int i = 0; i < reply->header_count; i++)
		if (strncasecmp(reply->headers[i], name, strlen(name)) == 0 &&
			reply->headers[i][strlen(name)] == ':') {
			reply->headers[i] = line;
			return reply;
		}
	reply->headers[reply->header_count++] = line;
	return reply;
}

/* ---- sending ---- */

/* Reads by position, so a range needs no seek. */
static bool
send_file(struct request *r, struct reply *reply)
{
	char chunk[16384];

	while (reply->file_bytes > 0) {
		size_t want = reply->file_bytes < (off_t)sizeof chunk ? (size_t)reply->file_bytes
								      : sizeof chunk;
		ssize_t n = pread(reply->file, chunk, want, reply->file_from);

		if (n <= 0) {
			log_error("a statement file is shorter than expected");
			return false;
		}
		if (!gateway_write(r->gateway, chunk, (size_t)n))
			return false;
		reply->file_from += n;
		reply->file_bytes -= n;
	}
	return true;
}

static bool
says_how_to_cache(const struct reply *reply)
{
	for (int i = 0; i < reply->header_count; i++)
		if (strncasecmp(reply->headers[i], "Cache-Control:", 14) == 0)
			return true;
	return false;
}

/* What a response shows is someone's, so no browser or proxy stores it, unless the handler has
 * decided otherwise. */
bool
reply_send(struct request *r, struct reply *reply)
{
	char head[8192];
	size_t n = 0;
	bool sent;

#define HEAD(...) \
	(n += n < sizeof head ? (size_t)snprintf(head + n, sizeof head - n, __VA_ARGS__) : 0)
	HEAD("Status: %d\r\nX-Request-Id: %s\r\n", reply->status, r->id != NULL ? r->id : "");
	if (reply->content_type != NULL)
		HEAD("Content-Type: %s\r\n", reply->content_type);
	/* Neither for 204 and 304, which have no content, nor where the gateway adds it. */
	if (reply->file >= 0)
		HEAD("Content-Length: %lld\r\n", (long long)reply->file_bytes);
	else if (reply->content_type != NULL && !reply->sendfile)
		HEAD("Content-Length: %zu\r\n", reply->bytes);
	for (int i = 0; i < reply->header_count; i++)
		HEAD("%s\r\n", reply->headers[i]);
	HEAD("%s\r\n", says_how_to_cache(reply) ? "" : "Cache-Control: no-store\r\n");
#undef HEAD
	if (n >= sizeof head) {
		log_error("the response headers are too long");
		n = (size_t)snprintf(head, sizeof head, "Status: 500\r\n\r\n");
		reply->bytes = 0;
	}
	sent = gateway_write(r->gateway, head, n);
	if (sent && !r->head && reply->bytes > 0)
		sent = gateway_write(r->gateway, reply->body, reply->bytes);
	if (sent && !r->head && reply->file >= 0)
		sent = send_file(r, reply);
	if (reply->file >= 0)
		close(reply->file);
	free(reply->text);
	return sent;
}
