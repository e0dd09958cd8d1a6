/* page.h - keyset pages: reads limit and cursor, writes {"data":[…],"next_cursor":…} and a Link
 * header. */
#ifndef COMMON_HTTP_PAGE_H
#define COMMON_HTTP_PAGE_H

#include "common/http/reply.h"
#include "common/http/request.h"

#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX 200

struct page {
	int64_t limit;      /* 1 … PAGE_LIMIT_MAX; the caller sets the default */
	const char *cursor; /* as sent; NULL for the first page */
};

/* The two fields that start a list's query fields. */
#define PAGE_FIELDS(page) \
	{ "limit", FIELD_NUMBER, .min = 1, .max = PAGE_LIMIT_MAX, .number = &(page)->limit }, \
	{ \
		"cursor", FIELD_TEXT, .min = 1, .max = 512, .text = &(page)->cursor \
	}

/* Makes a cursor from text of the caller's choice: base64url, so that clients do not read meaning
 * into it. */
char *page_cursor_encode(struct request *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The text of a cursor, in the arena; a fault at /cursor if it is not one. */
enum error page_cursor_decode(struct request *r, const char *cursor, char **text) MUST_CHECK;
/* The same for a cursor that is just a UUID: the last one of the previous page. */
enum error page_cursor_uuid(struct request *r, const char *cursor, struct uuid *last) MUST_CHECK;

/* {"data":data,"next_cursor":next} with a Link header (RFC 8288) built from the request's path and
 * query. */
struct reply *reply_page(struct request *r, json_t *data, const char *next_cursor);
/* The same for a page written as text, which is faster: call page_text_item() before each item with
 * its index, then reply_page_text() with their count. Takes ownership of the text. */
void page_text_item(struct text *t, size_t place);
struct reply *reply_page_text(struct request *r, struct text *t, size_t count,
	const char *next_cursor);
/* Adds that Link header to a response of another form; nothing if next_cursor is NULL. */
struct reply *reply_next_link(struct request *r, struct reply *reply, const char *next_cursor);

#endif
