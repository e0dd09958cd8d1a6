/* request.h - a request: where it came from, who makes it, what it holds, and what a handler says
 * against it.
 *
 * Everything a request points to lives in its arena, which is emptied after the reply was sent. A
 * request belongs to one thread. `service` is what the service's start() made: it is shared by all
 * threads. */
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
	bool head;               /* HEAD: answered as GET, the body left out */
	const char *path;        /* SCRIPT_NAME + PATH_INFO, decoded; begins with '/' */
	const char *id;          /* X-Request-Id: the client's if it is usable, else made here */
	struct uuid ids[ROUTE_IDS]; /* the {…} parts of the route, in order */
	struct caller caller;
	struct arena *arena;
	struct faults faults;    /* what is wrong with the members: see bind.h */
	void *service;
	enum option body_limit;  /* the route's; 0: BODY_LIMIT */
	const struct gateway *gateway; /* private: where the request came from */
	const char *query;       /* private: as sent */
	const char *raw;         /* private: the body's bytes */
	size_t raw_bytes;
	json_t *body;            /* private: parsed */
	const char *detail;      /* private: request_refuse() */
	json_t *extra;           /* private: request_explain() */
	long retry_after_s;      /* private: request_retry_after() */
};

/* A CGI variable ("REMOTE_ADDR", "HTTP_AUTHORIZATION"); NULL where there is none. Valid until the
 * reply. */
const char *request_variable(const struct request *r, const char *name);
/* A request header by its HTTP name ("Idempotency-Key"); NULL where there is none. */
const char *request_header(struct request *r, const char *name);

/* The body as an object: 415, 413 or 400 where it is none. No body at all is the empty object.
 * Parsed once. Duplicate members, trailing text, and nesting past 32 are malformed. */
enum error request_body(struct request *r, json_t **object) MUST_CHECK;
/* request_body() and bind_object() in one: reads the declared members, refuses unknown ones. */
enum error request_bind(struct request *r, const struct field *fields, size_t count) MUST_CHECK;
/* The same for the query: values are text, read by the field's type; unknown parameters are
 * refused, so that a misspelt filter never answers too much. */
enum error request_bind_query(
	struct request *r, const struct field *fields, size_t count) MUST_CHECK;
/* The raw bytes of the body (for a fingerprint); length in *bytes. Only after request_body(). */
const char *request_raw_body(const struct request *r, size_t *bytes);

/* The Idempotency-Key header: NULL where there is none, a fault where key_is_good() says no (see
 * bind.h). */
enum error request_key(struct request *r, const char **key) MUST_CHECK;
/* The Bearer token of the request; NULL where there is none. Valid until the reply. */
const char *request_bearer(const struct request *r);

/* A refusal with a sentence of its own: the reply's detail. Answers e, so: return request_refuse(r,
 * ERR_X, "…"). */
enum error request_refuse(struct request *r, enum error e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A fault at a member: adds to errors[], answers ERR_INVALID_REQUEST. pointer is an RFC 6901
 * pointer, "/amount". */
enum error request_fault(struct request *r, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A member beside the standard ones in the problem document (say "available"). Takes over `value`.
 */
void request_explain(struct request *r, const char *name, json_t *value);
/* Retry-After for the refusal to come; 503s have 1 without it. */
void request_retry_after(struct request *r, long seconds);

#endif
