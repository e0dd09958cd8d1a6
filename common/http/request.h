/* request.h - a request: its transport, its caller, its contents, and why a handler refuses it.
 *
 * Everything that a request points to lives in its arena, which is reset after the reply is sent. A
 * request belongs to one thread. `service` is what the service's start() returned; all threads
 * share it. */
#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/bind.h"
#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/base/error.h"
#include "common/base/json_text.h"
#include "common/base/uuid.h"

enum method {
	METHOD_GET,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER
};

#define ROUTE_IDS 2

struct request {
	enum method method;
	bool head;               /* HEAD: handled as GET, without the body */
	const char *path;        /* SCRIPT_NAME + PATH_INFO, decoded; starts with '/' */
	const char *id;          /* X-Request-Id: the client's if usable, else generated */
	struct uuid ids[ROUTE_IDS]; /* the {…} parts of the route, in order */
	struct caller caller;
	struct arena *arena;
	struct faults faults;    /* invalid members: see bind.h */
	void *service;
	enum option body_limit;  /* from the route; 0: BODY_LIMIT */
	const struct gateway *gateway; /* private: the transport */
	const char *query;       /* private: as sent */
	const char *raw;         /* private: the body's bytes */
	size_t raw_bytes;
	json_t *body;            /* private: parsed */
	const char *detail;      /* private: request_refuse() */
	json_t *extra;           /* private: request_explain() */
	long retry_after_s;      /* private: request_retry_after() */
};

/* A CGI variable ("REMOTE_ADDR", "HTTP_AUTHORIZATION"); NULL if absent. Valid until the reply is
 * sent. */
const char *request_variable(const struct request *r, const char *name);
/* A request header by its HTTP name ("Idempotency-Key"); NULL if absent. */
const char *request_header(struct request *r, const char *name);

/* The body as an object; otherwise 415, 413, 400 or 422. No body counts as the empty object. Parsed
 * once. Duplicate members, trailing text, and nesting past 32 are malformed. */
enum error request_body(struct request *r, json_t **object) MUST_CHECK;
/* request_body() and bind_object() in one: reads the declared members and refuses unknown ones. */
enum error request_bind(struct request *r, const struct field *fields, size_t count) MUST_CHECK;
/* The same for the query. Values are text, read by the field's type. Unknown parameters are
 * refused, so a misspelt filter never returns too much. */
enum error request_bind_query(struct request *r, const struct field *fields,
	size_t count) MUST_CHECK;

/* The Idempotency-Key header: NULL if absent, a fault if invalid (see bind.h). */
enum error request_key(struct request *r, const char **key) MUST_CHECK;
/* Reads all that a request can carry, and collects the faults of all of it: its body, query and key
 * (NULL: it takes none). The caller reads the members of body->value, which is NULL if there is no
 * object, and joins their faults (faults_join()). */
enum error request_read(struct request *r, const struct field *query, size_t count,
	const char **key, struct json_sent *body) MUST_CHECK;
/* The request's Bearer token; NULL if absent. Valid until the reply is sent. */
const char *request_bearer(const struct request *r);

/* Sets the problem document's detail and returns `e`: return request_refuse(r, ERR_X, "…"). */
enum error request_refuse(struct request *r, enum error e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a fault to errors[] and returns ERR_INVALID_REQUEST. `pointer` is an RFC 6901 pointer, such
 * as "/amount". */
enum error request_fault(struct request *r, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a member (such as "available") to the problem document's standard ones. Takes ownership of
 * `value`. */
void request_explain(struct request *r, const char *name, json_t *value);
/* Sets Retry-After for the refusal; the default for a 503 is 1. */
void request_retry_after(struct request *r, long seconds);

#endif
