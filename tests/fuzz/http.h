/* http.h - runs a fuzzed request through a service, from its routes to the bytes that it sends, and
 * checks the response.
 *
 * An input is a request as text: "POST /v1/transactions?dry_run=true", header lines, an empty line,
 * the body. The path can have escapes, which are decoded as the gateway does. A Bearer token is
 * the caller's role. */
#ifndef TESTS_FUZZ_HTTP_H
#define TESTS_FUZZ_HTTP_H

#include "common/http/service.h"
#include "tests/fuzz/fuzz.h"

struct http_call {
	const char *method, *path; /* the path decoded */
	const char *body;
	size_t bytes;
	int status;
	json_t *reply; /* owned; NULL if it has no body, or is not JSON */
};

/* Sends the input to the service; ends the program if the response breaks a promise: its status and
 * code belong together, it is not 500, its body is JSON of its length, no header has a control
 * character, and 404 and 405 fit the route table. */
void http_run(const struct service *s, void *state, struct fuzz_input *in, struct http_call *call);
/* The same request with another body. */
void http_again(const struct service *s, void *state, struct fuzz_input *in, const char *body,
	size_t bytes, struct http_call *call);

/* service.identify: the token "customer", "operator" or "service" is a caller with that role. */
identify http_identify;

#endif
