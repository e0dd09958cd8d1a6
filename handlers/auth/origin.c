/* origin.c - which site made a request, by Origin (RFC 6454) and Sec-Fetch-Site (W3C Fetch
 * Metadata); see origin.h.
 *
 * SameSite=Strict keeps other sites out already, but not other hosts of our own domain, nor
 * browsers that do not know it. */
#include "handlers/auth/origin.h"

#include <string.h>

/* Scheme, host and port of a URL: what precedes its path. */
static size_t
origin_bytes(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url);
}

/* The address that people use, or the one that this request was sent to, but with TLS if the first
 * has it: anyone on the way can write a page without. */
static bool
is_ours(struct request *r, const char *origin)
{
	const char *url = config_text(OPT_PUBLIC_URL), *host = request_header(r, "Host"),
		   *authority = strstr(origin, "://");
	size_t n = origin_bytes(url);

	if (strlen(origin) == n && strncasecmp(origin, url, n) == 0)
		return true;
	if (strncasecmp(url, "https:", 6) == 0 && strncasecmp(origin, "https:", 6) != 0)
		return false;
	return host != NULL && authority != NULL && strcasecmp(authority + 3, host) == 0;
}

enum error
origin_check(struct request *r)
{
	const char *origin = request_header(r, "Origin"),
		   *site = request_header(r, "Sec-Fetch-Site");

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return request_refuse(r, ERR_FORBIDDEN,
			"The cookie works only for pages of the same origin.");
	if (origin != NULL && !is_ours(r, origin))
		return request_refuse(r, ERR_FORBIDDEN,
			"The cookie works only for pages of %.*s.",
			(int)origin_bytes(config_text(OPT_PUBLIC_URL)),
			config_text(OPT_PUBLIC_URL));
	return OK;
}
