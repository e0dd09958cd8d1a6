/* transport.c - stands in for common/http/gateway.c; see transport.h. */
#include "tests/fuzz/transport.h"

#include <string.h>

#include "common/http/request_private.h"

static struct transport *current;

void
transport_use(struct transport *t)
{
	current = t;
}

void
transport_set(struct transport *t, const char *name, const char *value)
{
	size_t i = 0;

	while (i < t->count && strcmp(t->names[i], name) != 0)
		i++;
	if (i == VARIABLES_MAX)
		return;
	t->count += i == t->count;
	t->names[i] = name;
	t->values[i] = value;
}

const char *
gateway_variable(const struct gateway *g, const char *name)
{
	(void)g;
	for (size_t i = 0; current != NULL && i < current->count; i++)
		if (strcmp(current->names[i], name) == 0)
			return current->values[i];
	return NULL;
}

ssize_t
gateway_read(const struct gateway *g, char *out, size_t bytes)
{
	size_t left = current->bytes - current->read, n = bytes < left ? bytes : left;

	(void)g;
	memcpy(out, current->body + current->read, n);
	current->read += n;
	return (ssize_t)n;
}

bool
gateway_write(const struct gateway *g, const char *p, size_t bytes)
{
	(void)g;
	text_add(&current->sent, p, bytes);
	return true;
}
