/* route.h - the table of routes: method, path, handler, who may call. */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include "common/http/request.h"

struct reply;
typedef struct reply *handler(struct request *r);

/* Who may call a route. SIGNED_IN: any caller with a live session; the others: with that role. */
enum access { ANYONE, SIGNED_IN, OPERATOR_ONLY };

struct route {
	enum method method;
	const char *pattern; /* "/v1/wallets/{id}/balance": each {…} is a UUID, parsed into ids[] */
	handler *handle;
	enum access access;
	enum option body_limit; /* 0: BODY_LIMIT */
};

/* The route of method and path, its ids filled in; else NULL, and *e is ERR_NOT_FOUND or
 * ERR_METHOD_NOT_ALLOWED, the latter with the allowed methods ("GET, HEAD, POST") in allow. */
const struct route *route_find(const struct route *routes, size_t count, enum method method,
	const char *path, struct uuid ids[ROUTE_IDS], enum error *e, char allow[64]);

#endif
