/* docroot.h - whether a web server could show our secrets to anyone: they must not lie under its document root. */
#ifndef COMMON_HTTP_DOCROOT_H
#define COMMON_HTTP_DOCROOT_H

#include "common/http/request_private.h"

/* Looks where the request says the document root is: in DOCUMENT_ROOT, and in Apache's CONTEXT_DOCUMENT_ROOT.
 * False if configuration, DATA_DIR, keys or statement files can be reached below either; the log then says which.
 * Remembers the last answer of each process. Any thread. */
bool docroot_is_clear(const struct gateway *g) MUST_CHECK;

/* Whether path, as it is written or once its links are followed, leads below root. Needs no file to exist. */
bool docroot_holds(const char *root, const char *path) MUST_CHECK;

#endif
