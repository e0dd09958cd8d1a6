/* device.h - the device at the other end, as HTTP shows it: its name and address, its cookie, the
 * tokens it is given. */
#ifndef HANDLERS_AUTH_DEVICE_H
#define HANDLERS_AUTH_DEVICE_H

#include "common/http/reply.h"
#include "domain/identity/sessions.h"

/* User agent and address, in the arena; plain ASCII, cut where too long. */
struct client device_client(struct request *r);

/* The refresh token in the cookie; NULL where there is none. In the arena. */
const char *device_cookie(struct request *r);
/* Adds the Set-Cookie header: the token, or with NULL its removal. Answers the reply. */
struct reply *device_set_cookie(struct request *r, struct reply *reply, const char *refresh_token);

/* 200 with the tokens; with use_cookie the refresh token is in the cookie only. */
struct reply *device_grant(struct request *r, const struct grant *g, bool use_cookie);

/* What sign-in, refresh and password share: the error, and how long to wait. */
struct reply *device_refuse(struct request *r, enum error e, int64_t wait_s);

#endif
