/* route.c - finds the route for a path; see route.h. */
#include "common/http/route.h"

#include <stdio.h>
#include <string.h>

#include "common/http/request_private.h"

static const char *const method_names[] = { [METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
	[METHOD_OTHER] = "" };
_Static_assert(sizeof method_names / sizeof method_names[0] == METHOD_OTHER + 1,
	"each method has a name");

const char *
method_name(enum method m)
{
	return method_names[m];
}

/* Matches one {…} of a pattern with one segment of a path. */
static bool
segment_uuid(const char **path, struct uuid *id)
{
	char text[UUID_TEXT];
	size_t n = strcspn(*path, "/");

	if (n != UUID_TEXT - 1)
		return false;
	memcpy(text, *path, n);
	text[n] = '\0';
	*path += n;
	return uuid_parse(text, id);
}

/* A {…} matches only a UUID, so /v1/wallets/{id} and /v1/wallets/limits never compete. */
static bool
matches(const char *pattern, const char *path, struct uuid ids[ROUTE_IDS])
{
	int n = 0;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (n == ROUTE_IDS || !segment_uuid(&path, &ids[n++]))
				return false;
			pattern += strcspn(pattern, "}") + 1;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

/* Every GET route answers HEAD too (RFC 9110, 9.3.2). */
static void
allow_add(char allow[64], enum method m)
{
	size_t n = strlen(allow);

	snprintf(allow + n, 64 - n, "%s%s%s", n > 0 ? ", " : "", method_names[m],
		m == METHOD_GET ? ", HEAD" : "");
}

/* Walks the table in order. It has a few dozen rows at most, and the first match is
 * the only one. */
const struct route *
route_find(const struct route *routes, size_t count, enum method method, const char *path,
	struct uuid ids[ROUTE_IDS], enum error *e, char allow[64])
{
	allow[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!matches(routes[i].pattern, path, ids))
			continue;
		if (routes[i].method == method)
			return &routes[i];
		allow_add(allow, routes[i].method);
	}
	*e = allow[0] != '\0' ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
	return NULL;
}
