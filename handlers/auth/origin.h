/* origin.h - keeps other sites from using a browser's cookie. */
#ifndef HANDLERS_AUTH_ORIGIN_H
#define HANDLERS_AUTH_ORIGIN_H

#include "common/http/request.h"

/* ERR_FORBIDDEN if a browser says that a page of another origin made the request. For requests that
 * read or set the refresh cookie. Clients other than browsers send neither header. */
enum error origin_check(struct request *r) MUST_CHECK;

#endif
