/* page.c - keyset pages; see page.h. */
#include "common/http/page.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/config.h"

#define CURSOR_MAX 256

/* Not signed: a cursor gives no rights, and a forged one only chooses where a page starts. */
char *
page_cursor_encode(struct request *r, const char *fmt, ...)
{
	char text[CURSOR_MAX];
	va_list ap;
	size_t room;
	char *out;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		return NULL;
	room = sodium_base64_encoded_len((size_t)n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if ((out = arena_alloc(r->arena, room)) == NULL)
		return NULL;
	return sodium_bin2base64(out, room, (const unsigned char *)text, (size_t)n,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

#define INVALID_CURSOR "is not a valid cursor"

/* Refuses a NUL inside, which would hide the rest from the caller's parser. */
enum error
page_cursor_decode(struct request *r, const char *cursor, char **text)
{
	size_t n;

	if ((*text = arena_alloc(r->arena, CURSOR_MAX)) == NULL)
		return ERR_TOO_LARGE;
	if (!base64_read(cursor, strlen(cursor), *text, CURSOR_MAX - 1, &n) || strlen(*text) != n)
		return request_fault(r, "/cursor", INVALID_CURSOR);
	return OK;
}

enum error
page_cursor_uuid(struct request *r, const char *cursor, struct uuid *last)
{
	char *text;
	enum error e = page_cursor_decode(r, cursor, &text);

	if (e != OK)
		return e;
	if (uuid_parse(text, last))
		return OK;
	return request_fault(r, "/cursor", "is not a cursor for this list");
}

/* What only the first page needs: a cursor has the version that it saw. */
static bool
is_of_first_page(const char *pair)
{
	return strncmp(pair, "cursor=", 7) == 0 || strncmp(pair, "min_version=", 12) == 0;
}

/* The query as sent, for the next page. Other parameters stay as they were sent, still encoded, so
 * the link repeats the same filters. */
static char *
query_of_next(struct request *r)
{
	char *copy = arena_strdup(r->arena, r->query), *rest = copy,
	     *out = arena_strdup(r->arena, "");

	while (rest != NULL && out != NULL) {
		const char *pair = strsep(&rest, "&");

		if (*pair != '\0' && !is_of_first_page(pair))
			out = arena_printf(r->arena, "%s%s&", out, pair);
	}
	return out;
}

struct reply *
reply_next_link(struct request *r, struct reply *reply, const char *next_cursor)
{
	const char *query;

	if (next_cursor == NULL || (query = query_of_next(r)) == NULL)
		return reply;
	return reply_header(r, reply, "Link", "<%s?%scursor=%s>; rel=\"next\"", r->path, query,
		next_cursor);
}

struct reply *
reply_page(struct request *r, json_t *data, const char *next_cursor)
{
	json_t *body = json_pack("{s:o, s:s?}", "data", data, "next_cursor", next_cursor);

	return reply_next_link(r, reply_json(r, 200, body), next_cursor);
}

/* The limit is set here, before the first byte, so that no caller can forget it. */
void
page_text_item(struct text *t, size_t place)
{
	if (place == 0)
		t->max = (size_t)config_number(OPT_REQUEST_MEMORY);
	text_add_string(t, place == 0 ? "{\"data\":[" : ",");
}

struct reply *
reply_page_text(struct request *r, struct text *t, size_t count, const char *next_cursor)
{
	if (count == 0)
		page_text_item(t, 0);
	TEXT_LITERAL(t, "],\"next_cursor\":");
	text_add_json(t, next_cursor);
	TEXT_LITERAL(t, "}");
	return reply_next_link(r, reply_json_text(r, 200, t), next_cursor);
}
