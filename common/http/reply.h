/* reply.h - responses. A handler must return one, and only these functions make one.
 *
 * They allocate in the request's arena and never return NULL: a response that does not fit becomes
 * a prepared 413. */
#ifndef COMMON_HTTP_REPLY_H
#define COMMON_HTTP_REPLY_H

#include <jansson.h>

#include "common/base/text.h"
#include "common/http/request.h"

/* Compact JSON, members in insertion order. Takes ownership of `body`; NULL (out of memory) becomes
 * a 413. */
struct reply *reply_json(struct request *r, int status, json_t *body);
/* The same for JSON that is already text. It takes ownership and leaves *t empty, so nothing can
 * fail once the text is written. The reply must be returned: reply_send() frees the text. */
struct reply *reply_json_text(struct request *r, int status, struct text *t);
/* No body. */
struct reply *reply_empty(struct request *r, int status);
/* RFC 9457 problem+json for the error, with what request_refuse/fault/explain/retry_after added. */
struct reply *reply_error(struct request *r, enum error e);
/* The problem document alone, for responses that hold several. `errors` (can be NULL) is borrowed;
 * without `detail`, the title is used. */
json_t *problem_json(const struct request *r, enum error e, const char *detail, json_t *errors);
/* Text that lives as long as the request. */
struct reply *reply_text(struct request *r, int status, const char *content_type, const char *text);
/* A file in STATEMENT_DIR: by X-Sendfile if SENDFILE is 1, else read here. With one Range (RFC
 * 9110, 14.2), ETag and Last-Modified. `path` is absolute; download_name goes into
 * Content-Disposition. */
struct reply *reply_file(struct request *r, const char *path, const char *content_type,
	const char *download_name);

/* Adds or replaces a header and returns the reply. A value with CR or LF is refused: the header is
 * omitted and the refusal logged. */
struct reply *reply_header(struct request *r, struct reply *reply, const char *name,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
