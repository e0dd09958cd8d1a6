/* page.h - keyset pages: limit and cursor in, {"data":[…],"next_cursor":…} and Link out. */
#ifndef COMMON_HTTP_PAGE_H
#define COMMON_HTTP_PAGE_H

#include "common/http/reply.h"
#include "common/http/request.h"

#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX 200

struct page {
	int64_t limit;      /* 1 … PAGE_LIMIT_MAX; 50 unless told */
	const char *cursor; /* as sent; NULL for the first page */
};

/* The two fields to put at the head of a query's field list. */
#define PAGE_FIELDS(page) \
	{ "limit", FIELD_NUMBER, .least = 1, .most = PAGE_LIMIT_MAX, .number = &(page)->limit }, \
	{ \
		"cursor", FIELD_TEXT, .least = 1, .most = 512, .text = &(page)->cursor \
	}

/* A cursor is text of the caller's making, base64url outside so that nobody reads meaning into it.
 */
char *page_cursor_encode(struct request *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The text again, in the arena; NULL, with a fault at /cursor, if it is not one of ours. */
const char *page_cursor_decode(struct request *r, const char *cursor);
/* The same of a cursor that is a UUID alone: the last one of the page before. */
enum error page_cursor_uuid(struct request *r, const char *cursor, struct uuid *last) MUST_CHECK;

/* {"data":data,"next_cursor":next} with the Link header (RFC 8288) made from the request's own path
 * and query. */
struct reply *reply_page(struct request *r, json_t *data, const char *next_cursor);
/* The same of a page that is written as text, which is quicker: page_text_item() before each item,
 * by its place from 0, then reply_page_text() with how many there were. Takes over the text. */
void page_text_item(struct text *t, size_t place);
struct reply *reply_page_text(
	struct request *r, struct text *t, size_t count, const char *next_cursor);
/* The same Link header for answers of another shape; next NULL adds nothing. */
struct reply *reply_next_link(struct request *r, struct reply *reply, const char *next_cursor);

#endif
