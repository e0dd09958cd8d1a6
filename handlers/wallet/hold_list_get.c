/* hold_list_get.c - GET /v1/wallets/{id}/holds: what is reserved and not yet captured, the newest first. */
#include "common/page.h"
#include "handlers/wallet/wallet_service.h"

static enum error
query_read(struct request *r, struct page *page, struct uuid *before)
{
	const struct field fields[] = { PAGE_FIELDS(page) };
	const char *text;
	enum error e;

	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) != OK || page->cursor == NULL)
		return e;
	if ((text = page_cursor_decode(r, page->cursor)) == NULL)
		return ERR_INVALID_REQUEST;
	return uuid_parse(text, before) ? OK : request_fault(r, "/cursor", "is not a cursor that was given out here");
}

static json_t *
hold_json(const struct hold *h)
{
	char id[UUID_TEXT], expires[INSTANT_TEXT], created[INSTANT_TEXT];

	uuid_format(&h->id, id);
	instant_format(h->expires_at, expires);
	instant_format(h->created_at, created);
	return json_pack("{s:s, s:I, s:I, s:s, s:s?, s:s?, s:o, s:s}", "id", id, "amount", (json_int_t)h->amount.minor,
		"remaining", (json_int_t)h->remaining.minor, "expires_at", expires, "merchant", h->merchant, "description",
		h->description, "metadata", h->metadata != NULL ? json_loads(h->metadata, 0, NULL) : json_null(), "created_at",
		created);
}

struct reply *
hold_list_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct uuid before;
	struct wallet wallet;
	struct hold *list;
	size_t count, shown;
	char last[UUID_TEXT];
	json_t *data;
	enum error e;

	if ((e = query_read(r, &page, &before)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = hold_list(s->pool, &r->ids[0], page.cursor != NULL ? &before : NULL, page.limit + 1, r->arena, &list,
		     &count)) != OK)
		return reply_error(r, e);
	shown = count > (size_t)page.limit ? (size_t)page.limit : count;
	data = json_array();
	for (size_t i = 0; i < shown; i++)
		json_array_append_new(data, hold_json(&list[i]));
	if (shown == count)
		return reply_page(r, data, NULL);
	uuid_format(&list[shown - 1].id, last);
	return reply_page(r, data, page_cursor_encode(r, "%s", last));
}
