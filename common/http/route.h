/* route.h - the route table: method, path, handler, and who can call it. */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include "common/http/request.h"

struct reply;
/* Runs on one of many threads. Must return a reply made by reply.h, for this request. */
typedef struct reply *handler(struct request *r);

/* Who can call a route. SIGNED_IN: any caller with a live session; OPERATOR_ONLY: with that
 * role. */
enum access { ANYONE, SIGNED_IN, OPERATOR_ONLY };

struct route {
	enum method method;
	const char *pattern; /* "/v1/wallets/{id}/balance": each {…} is a UUID, parsed into ids[] */
	handler *handle;
	enum access access;
	enum option body_limit; /* 0: BODY_LIMIT */
};

/* The route for method and path, its ids filled in. Otherwise NULL with ERR_NOT_FOUND, or with
 * ERR_METHOD_NOT_ALLOWED and the allowed methods ("GET, HEAD, POST") in `allow`. */
const struct route *route_find(const struct route *routes, size_t count, enum method method,
	const char *path, struct uuid ids[ROUTE_IDS], enum error *e, char allow[64]);

#endif
