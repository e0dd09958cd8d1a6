/* ask.h - asks another handler, over FastCGI, on behalf of the caller. */
#ifndef COMMON_HTTP_ASK_H
#define COMMON_HTTP_ASK_H

#include <jansson.h>

#include "common/http/request.h"

/* GET `path` of the handler that listens at `address` (a socket's path or host:port), with the
 * caller's identity as this request has it. *status is the answer's, *body its JSON, in the
 * request's arena. ERR_UNAVAILABLE: no answer within ASK_MS. */
#define ASK_MS 1500
enum error ask_get(struct request *r, const char *address, const char *path, int *status,
	json_t **body) MUST_CHECK;

#endif
