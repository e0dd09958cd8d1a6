/* accept.h - content negotiation (RFC 9110, 12.5.1). */
#ifndef COMMON_HTTP_ACCEPT_H
#define COMMON_HTTP_ACCEPT_H

/* How much a client with this Accept header (NULL: without one) prefers a media type: the larger,
 * the more, and 0 if it does not accept the type. First counts the weight, then how exactly the
 * header names the type. Parameters other than the weight are ignored on both sides. */
int accept_preference(const char *accept, const char *media_type);

#endif
