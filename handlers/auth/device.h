/* device.h - the client device over HTTP: user agent and address, cookie, tokens in the
 * response. */
#ifndef HANDLERS_AUTH_DEVICE_H
#define HANDLERS_AUTH_DEVICE_H

#include "common/http/reply.h"
#include "domain/identity/sessions.h"

/* User agent and address in printable ASCII, truncated if too long. In the request's arena. */
struct client device_client(struct request *r);

/* The refresh token from the cookie, or NULL. In the request's arena. */
const char *device_cookie(struct request *r);
/* Adds a Set-Cookie header that deletes the cookie. Returns the reply. */
struct reply *device_drop_cookie(struct request *r, struct reply *reply);

/* 200 with the tokens. If use_cookie is set, the refresh token is only in the cookie. */
struct reply *device_grant(struct request *r, const struct grant *g, bool use_cookie);

/* The error, with how long to wait if there were too many attempts or refreshes. */
struct reply *device_refuse(struct request *r, enum error e, int64_t wait_s);

#endif
