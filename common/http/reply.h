/* reply.h - answers. A handler must return one, and only these functions make one.
 *
 * All of them allocate in the request's arena and never answer NULL: what does not fit into it
 * becomes a prepared 413. */
#ifndef COMMON_HTTP_REPLY_H
#define COMMON_HTTP_REPLY_H

#include <jansson.h>

#include "common/base/text.h"
#include "common/http/request.h"

/* Compact JSON, members in the order they were added. Takes over `body`; NULL (no memory) becomes a
 * 413. */
struct reply *reply_json(struct request *r, int status, json_t *body);
/* The same of JSON that is written already: takes it over and leaves *t empty, so that nothing can
 * fail any more once it is written. A reply made of it must be answered. */
struct reply *reply_json_text(struct request *r, int status, struct text *t);
/* No body. */
struct reply *reply_empty(struct request *r, int status);
/* RFC 9457 problem+json from the error, with what request_refuse/fault/explain/retry_after added.
 */
struct reply *reply_error(struct request *r, enum error e);
/* The problem document alone, for answers that hold several; errors (may be NULL) is borrowed,
 * detail NULL: the title. */
json_t *problem_json(const struct request *r, enum error e, const char *detail, json_t *errors);
/* Text that lives as long as the request. */
struct reply *reply_text(struct request *r, int status, const char *content_type, const char *text);
/* A file below STATEMENT_DIR: by X-Sendfile where SENDFILE is 1, else read here, with one Range
 * (RFC 9110, 14.2), ETag and If-None-Match. path is absolute; download_name goes into
 * Content-Disposition. */
struct reply *reply_file(
	struct request *r, const char *path, const char *content_type, const char *download_name);

/* Adds a header; CR and LF in a value are refused (the header is left out and logged). Answers the
 * reply. */
struct reply *reply_header(struct request *r, struct reply *reply, const char *name,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
