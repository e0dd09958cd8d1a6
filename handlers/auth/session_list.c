/* GET /v1/auth/sessions - the devices signed in; DELETE /v1/auth/sessions/{id} - end one. */
#include <string.h>

#include "common/http/page.h"
#include "domain/identity/sessions.h"
#include "handlers/auth/service.h"

static json_t *
session_json(const struct request *r, const struct db_rows *rows, size_t i)
{
	char id[UUID_TEXT], times[3][INSTANT_TEXT];
	struct uuid session = rows_uuid(rows, i, 0);

	uuid_format(&session, id);
	for (size_t t = 0; t < 3; t++)
		instant_format(rows_instant(rows, i, 3 + t), times[t]);
	return json_pack("{s:s, s:b, s:s?, s:s?, s:s, s:s, s:s}", "id", id, "current",
		memcmp(&session, &r->caller.session, sizeof session) == 0, "user_agent", rows_text(rows, i, 1), "ip",
		rows_text(rows, i, 2), "created_at", times[0], "last_used_at", times[1], "expires_at", times[2]);
}

static struct reply *
session_page(struct request *r, const struct db_rows *rows, int64_t limit)
{
	size_t count = rows_count(rows), shown = count > (size_t)limit ? (size_t)limit : count;
	json_t *data = json_array();
	const char *next = NULL;

	for (size_t i = 0; i < shown; i++)
		json_array_append_new(data, session_json(r, rows, i));
	if (count > shown)
		next = page_cursor_encode(r, "%s", rows_text(rows, shown - 1, 0));
	return reply_page(r, data, next);
}

struct reply *
session_list_get(struct request *r)
{
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct field fields[] = { PAGE_FIELDS(&page) };
	struct uuid after;
	DB_ROWS(rows);
	enum error e;

	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return reply_error(r, e);
	if (page.cursor != NULL) {
		const char *text = page_cursor_decode(r, page.cursor);

		if (text == NULL || !uuid_parse(text, &after))
			return reply_error(r, text == NULL ? ERR_INVALID_REQUEST
							   : request_fault(r, "/cursor", "is not a cursor of this list"));
	}
	/* One row more than asked for tells whether there is a next page. */
	e = session_list(r->service, &r->caller.user, page.cursor != NULL ? &after : NULL, page.limit + 1, &rows);
	return e == OK ? session_page(r, rows, page.limit) : reply_error(r, e);
}

struct reply *
session_delete(struct request *r)
{
	enum error e = session_end(r->service, &r->caller.user, &r->ids[0]);

	return e == OK ? reply_empty(r, 204) : reply_error(r, e);
}
