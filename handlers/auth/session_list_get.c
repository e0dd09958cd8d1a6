/* GET /v1/auth/sessions - the caller's open sessions, one per signed-in device. */
#include <string.h>

#include "common/http/page.h"
#include "domain/identity/sessions.h"
#include "handlers/auth/service.h"

static json_t *
session_json(const struct request *r, const struct session *s)
{
	char id[UUID_TEXT], created_at[INSTANT_TEXT], last_used_at[INSTANT_TEXT],
		expires_at[INSTANT_TEXT];

	uuid_format(&s->id, id);
	instant_format(s->created_at, created_at);
	instant_format(s->last_used_at, last_used_at);
	instant_format(s->expires_at, expires_at);
	return json_pack("{s:s, s:b, s:s?, s:s?, s:s, s:s, s:s}", "id", id, "current",
		memcmp(&s->id, &r->caller.session, sizeof s->id) == 0, "user_agent",
		s->client.user_agent, "ip", s->client.ip, "created_at", created_at, "last_used_at",
		last_used_at, "expires_at", expires_at);
}

/* Sessions are listed by id, a UUIDv7, so the last id is the cursor. */
static struct reply *
session_page(struct request *r, const struct session *list, size_t count, size_t limit)
{
	size_t shown = count > limit ? limit : count;
	json_t *data = json_array();
	char last[UUID_TEXT];

	for (size_t i = 0; i < shown; i++)
		json_array_append_new(data, session_json(r, &list[i]));
	if (count == shown)
		return reply_page(r, data, NULL);
	uuid_format(&list[shown - 1].id, last);
	return reply_page(r, data, page_cursor_encode(r, "%s", last));
}

struct reply *
session_list_get(struct request *r)
{
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct field fields[] = { PAGE_FIELDS(&page) };
	struct session *list;
	struct uuid after;
	size_t count;
	enum error e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);

	if (page.cursor != NULL)
		e = faults_join(e, page_cursor_uuid(r, page.cursor, &after));
	if (e != OK)
		return reply_error(r, e);
	/* One extra row shows whether there is a next page. */
	e = session_list(r->service, r->arena, &r->caller.user, page.cursor != NULL ? &after : NULL,
		page.limit + 1, &list, &count);
	return e == OK ? session_page(r, list, count, (size_t)page.limit) : reply_error(r, e);
}
