/* request.c - reads a request: method, path, headers, body. request_query.c reads the query,
 * request_refuse.c records why a request is refused. */
#include "common/http/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/http/request_private.h"

#define ID_MAX 128

const char *
request_variable(const struct request *r, const char *name)
{
	return gateway_variable(r->gateway, name);
}

/* CGI names (RFC 3875, 4.1.18) fold '-' and '_', so the front drops headers with '_'. */
const char *
request_header(struct request *r, const char *name)
{
	char variable[64] = "HTTP_";
	size_t n = 5;

	for (; *name != '\0' && n < sizeof variable - 1; name++)
		variable[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	variable[n] = '\0';
	return request_variable(r, variable);
}

/* Methods are case-sensitive (RFC 9110, 9.1). */
static enum method
method_parse(const char *text, bool *head)
{
	static const struct {
		const char *name;
		enum method method;
	} names[] = { { "GET", METHOD_GET }, { "HEAD", METHOD_GET }, { "POST", METHOD_POST },
		{ "PUT", METHOD_PUT }, { "PATCH", METHOD_PATCH }, { "DELETE", METHOD_DELETE },
		{ "OPTIONS", METHOD_OPTIONS } };

	*head = text != NULL && strcmp(text, "HEAD") == 0;
	for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].method;
	return METHOD_OTHER;
}

/* Keeps the client's id if it is short and plain, so that a chain of services can share one. */
static const char *
id_choose(struct request *r)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:/+=";
	const char *sent = request_header(r, "X-Request-Id");
	struct uuid fresh;
	char *text;
	size_t n = sent != NULL ? strlen(sent) : 0;

	if (n > 0 && n <= ID_MAX && strspn(sent, plain) == n)
		return arena_strdup(r->arena, sent);
	if ((text = arena_alloc(r->arena, UUID_TEXT)) == NULL)
		return "";
	fresh = uuid_v7();
	uuid_format(&fresh, text);
	return text;
}

/* A gateway that routes by path puts the path into SCRIPT_NAME. A web host puts the program's
 * location there (/cgi-bin/auth), and the whole path follows in PATH_INFO. */
static bool
is_our_path(const char *script)
{
	static const char *const ours[] = { "/v1/", "/health/", "/.well-known/" };

	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (strncmp(script, ours[i], strlen(ours[i])) == 0)
			return true;
	return false;
}

enum error
request_begin(struct request *r)
{
	const char *script = request_variable(r, "SCRIPT_NAME"),
		   *info = request_variable(r, "PATH_INFO");
	const char *query = request_variable(r, "QUERY_STRING");

	r->id = id_choose(r);
	r->method = method_parse(request_variable(r, "REQUEST_METHOD"), &r->head);
	r->query = arena_strdup(r->arena, query != NULL ? query : "");
	if (script != NULL && info != NULL && *info != '\0' && !is_our_path(script))
		script = NULL;
	/* Both are already decoded. Servers split the path between them differently, but the
	 * concatenation is always the same. */
	r->path = arena_printf(r->arena, "%s%s", script != NULL ? script : "",
		info != NULL ? info : "");
	if (r->path == NULL || r->query == NULL)
		return ERR_TOO_LARGE;
	if (strlen(r->path) + strlen(r->query) > (size_t)config_number(OPT_URL_LIMIT))
		return request_refuse(r, ERR_TOO_LARGE,
			"The path and query can be at most %lld bytes long.",
			(long long)config_number(OPT_URL_LIMIT));
	return OK;
}

/* ---- the body ---- */

/* There is always a length: gateways buffer a chunked body before they call us. */
static enum error
body_read(struct request *r)
{
	const char *length = request_variable(r, "CONTENT_LENGTH");
	long long limit = config_number(r->body_limit != 0 ? r->body_limit : OPT_BODY_LIMIT);
	char *bytes, *end = NULL;
	long long n = 0;
	ssize_t got;

	if (length != NULL && *length != '\0')
		n = strtoll(length, &end, 10);
	if (n < 0 || (end != NULL && *end != '\0'))
		return request_refuse(r, ERR_MALFORMED_REQUEST,
			"The Content-Length is not a number.");
	if (n > limit)
		return request_refuse(r, ERR_TOO_LARGE, "The body can be at most %lld bytes long.",
			limit);
	if ((bytes = arena_alloc(r->arena, (size_t)n + 1)) == NULL)
		return ERR_TOO_LARGE;
	if ((got = gateway_read(r->gateway, bytes, (size_t)n)) != n)
		return request_refuse(r, ERR_MALFORMED_REQUEST,
			"The body ended after %zd of %lld bytes.", got, n);
	r->raw = bytes;
	r->raw_bytes = (size_t)n;
	return OK;
}

/* Ignores parameters such as charset: JSON is UTF-8 in any case (RFC 8259, 8.1). */
static bool
media_type_is_json(const char *type)
{
	size_t n;

	if (type == NULL)
		return false;
	n = strcspn(type, "; \t");
	return n == strlen("application/json") && strncasecmp(type, "application/json", n) == 0;
}

/* No coding at all, or the one that changes nothing, possibly repeated (RFC 9110, 8.4). */
static bool
content_is_plain(struct request *r)
{
	const char *codings = request_header(r, "Content-Encoding");
	static const char identity[] = "identity";

	while (codings != NULL && *(codings += strspn(codings, " \t,")) != '\0') {
		size_t n = strcspn(codings, " \t,");

		if (n != strlen(identity) || strncasecmp(codings, identity, n) != 0)
			return false;
		codings += n;
	}
	return true;
}

static enum error
body_parse(struct request *r)
{
	char reason[JSON_REASON];
	enum error e;

	/* No body needs no Content-Type: POST …/sign-out has nothing to say. */
	if (r->raw_bytes == 0) {
		r->body = json_object();
		return r->body != NULL ? OK : ERR_TOO_LARGE;
	}
	if (!content_is_plain(r))
		return request_refuse(r, ERR_UNSUPPORTED_MEDIA_TYPE,
			"A body with a Content-Encoding is not accepted: send it as plain JSON.");
	if (!media_type_is_json(request_variable(r, "CONTENT_TYPE")))
		return ERR_UNSUPPORTED_MEDIA_TYPE;
	e = json_read(r->raw, r->raw_bytes, &r->body, reason);
	if (e == ERR_INVALID_REQUEST)
		return request_fault(r, "", "%s", reason);
	if (e != OK)
		return request_refuse(r, e, "The body cannot be read: %s.", reason);
	if (!json_is_object(r->body))
		return request_fault(r, "", "must be an object");
	return OK;
}

enum error
request_body(struct request *r, json_t **object)
{
	enum error e = OK;

	if (r->body == NULL && (e = body_read(r)) == OK)
		e = body_parse(r);
	*object = r->body;
	return e;
}

enum error
request_bind(struct request *r, const struct field *fields, size_t count)
{
	json_t *body;
	enum error e = request_body(r, &body);

	return e != OK ? e : bind_object(body, fields, count, "", &r->faults);
}

/* ---- headers ---- */

/* Without a key a retry is a new request; that is the client's choice. */
enum error
request_key(struct request *r, const char **key)
{
	*key = request_header(r, "Idempotency-Key");
	if (*key == NULL || key_is_valid(*key))
		return OK;
	return request_fault(r, "/Idempotency-Key", "must be 1 to %d visible ASCII characters",
		KEY_MAX);
}

/* An error of the body other than a fault, such as its size, outranks faults. */
enum error
request_read(struct request *r, const struct field *query, size_t count, const char **key,
	struct json_sent *body)
{
	json_t *object;
	enum error e = request_body(r, &object);

	*body = (struct json_sent){ 0 };
	if (e == OK)
		*body = (struct json_sent){ object, { r->raw, r->raw + r->raw_bytes } };
	else if (e != ERR_INVALID_REQUEST)
		return e;
	e = faults_join(e, request_bind_query(r, query, count));
	return key != NULL ? faults_join(e, request_key(r, key)) : e;
}

/* Apache passes the header to CGI programs under the second name after a rewrite. */
const char *
request_bearer(const struct request *r)
{
	const char *header = request_variable(r, "HTTP_AUTHORIZATION");

	if (header == NULL)
		header = request_variable(r, "REDIRECT_HTTP_AUTHORIZATION");
	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	header += 7;
	header += strspn(header, " ");
	return *header != '\0' ? header : NULL;
}
