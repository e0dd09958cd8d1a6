/* http.h - a request, the routes it can take, and the program that serves them over FastCGI or CGI.
 *
 * Everything a request points to lives in its arena, which is emptied after the reply was sent. A request belongs to
 * one thread. `service` is what the service's start() made: it is shared by all threads. */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/bind.h"
#include "common/config.h"
#include "common/error.h"
#include "common/uuid.h"

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_OTHER };

enum role { ROLE_CUSTOMER = 1, ROLE_OPERATOR = 2, ROLE_SERVICE = 4 };

/* Who asks. known is false until a token was checked; then the rest holds. roles is an OR of enum role. */
struct caller {
	bool known;
	struct uuid user;
	struct uuid session;
	unsigned roles;
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

/* A CGI variable ("REMOTE_ADDR", "HTTP_AUTHORIZATION"); NULL where there is none. Valid until the reply. */
const char *request_variable(const struct request *r, const char *name);
/* A request header by its HTTP name ("Idempotency-Key"); NULL where there is none. */
const char *request_header(struct request *r, const char *name);

/* The body as an object: 415, 413 or 400 where it is none. No body at all is the empty object. Parsed once.
 * Duplicate members, trailing text, and nesting past 32 are malformed. */
enum error request_body(struct request *r, json_t **object) MUST_CHECK;
/* request_body() and bind_object() in one: reads the declared members, refuses unknown ones. */
enum error request_bind(struct request *r, const struct field *fields, size_t count) MUST_CHECK;
/* The same for the query: values are text, read by the field's type; unknown parameters are refused, so that a
 * misspelt filter never answers too much. */
enum error request_bind_query(struct request *r, const struct field *fields, size_t count) MUST_CHECK;
/* The raw bytes of the body (for a fingerprint); length in *bytes. Only after request_body(). */
const char *request_raw_body(const struct request *r, size_t *bytes);

/* The Idempotency-Key header: NULL where there is none, a fault where it is not 1 … KEY_MAX visible ASCII characters. */
#define KEY_MAX 255
enum error request_key(struct request *r, const char **key) MUST_CHECK;
/* Whether text can be such a key. */
bool key_is_good(const char *key) MUST_CHECK;

/* A refusal with a sentence of its own: the reply's detail. Answers e, so: return request_refuse(r, ERR_X, "…"). */
enum error request_refuse(struct request *r, enum error e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A fault at a member: adds to errors[], answers ERR_INVALID_REQUEST. pointer is an RFC 6901 pointer, "/amount". */
enum error request_fault(struct request *r, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A member beside the standard ones in the problem document (say "available"). Takes over `value`. */
void request_explain(struct request *r, const char *name, json_t *value);
/* Retry-After for the refusal to come; 503s have 1 without it. */
void request_retry_after(struct request *r, long seconds);

struct reply;
typedef struct reply *handler(struct request *r);

/* Who may call a route. SIGNED_IN: any caller with a live session; the others: with that role. */
enum who { ANYONE, SIGNED_IN, OPERATOR_ONLY };

struct route {
	enum method method;
	const char *pattern; /* "/v1/wallets/{id}/balance": each {…} is a UUID, parsed into ids[] */
	handler *handle;
	enum who who;
	enum option body_limit; /* 0: BODY_LIMIT */
};

struct service {
	const char *name;          /* "wallet" */
	const struct route *routes;
	size_t route_count;
	/* Opens what the handlers need; NULL, after a sentence on stderr, ends the program. */
	void *(*start)(void);
	void (*stop)(void *service);
	/* Checks the caller's token where no gateway has (fills r->caller). OK, or why not. NULL: no route needs it. */
	enum error (*identify)(struct request *r);
	/* Answers a FastCGI authorizer request. NULL: this service is none. */
	struct reply *(*authorize)(struct request *r);
};

/* The whole program: configuration, signals, threads, requests until SIGTERM; or one request as CGI; or, with the
 * argument --routes, the route table. Answers main's exit status. */
int service_main(int argc, char **argv, const struct service *s);

/* Routing alone, for tests: the route of method and path, its ids filled in; else NULL, and *e is ERR_NOT_FOUND or
 * ERR_METHOD_NOT_ALLOWED, the latter with the allowed methods ("GET, HEAD, POST") in allow. */
const struct route *route_find(const struct route *routes, size_t count, enum method method, const char *path,
	struct uuid ids[ROUTE_IDS], enum error *e, char allow[64]);

#endif
