/* transport.h - the transport of a fuzzed request, in place of FastCGI and CGI: its variables, its
 * body, and what the service sends. One request at a time. */
#ifndef TESTS_FUZZ_TRANSPORT_H
#define TESTS_FUZZ_TRANSPORT_H

#include <stddef.h>

#include "common/base/text.h"

#define VARIABLES_MAX 40

struct transport {
	const char *names[VARIABLES_MAX], *values[VARIABLES_MAX];
	size_t count;
	const char *body;
	size_t bytes, read;
	struct text sent;
};

/* NULL: a request without variables and body. */
void transport_use(struct transport *t);
/* Replaces one of the same name. */
void transport_set(struct transport *t, const char *name, const char *value);

#endif
