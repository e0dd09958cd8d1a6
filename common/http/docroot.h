/* docroot.h - keeps secrets out of the document root, where a web server could publish them. */
#ifndef COMMON_HTTP_DOCROOT_H
#define COMMON_HTTP_DOCROOT_H

#include "common/http/request_private.h"

/* False if the configuration file, DATA_DIR, KEY_DIR or STATEMENT_DIR is in the request's
 * DOCUMENT_ROOT or Apache's CONTEXT_DOCUMENT_ROOT; the log names which. Remembers the result for
 * the last root. Any thread. */
bool docroot_is_clear(const struct gateway *g) MUST_CHECK;

/* Returns whether `path`, as written or with its links followed, is below `root`. It need not
 * exist. */
bool docroot_holds(const char *root, const char *path) MUST_CHECK;

#endif
