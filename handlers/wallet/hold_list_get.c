/* hold_list_get.c - GET /v1/wallets/{id}/holds: what is reserved and not yet captured, the newest first. */
#include "common/http/page.h"
#include "handlers/wallet/service.h"

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

/* As text: its metadata is JSON already, and is shown as it was sent. */
static void
hold_write(struct text *t, const struct hold *h)
{
	TEXT_LITERAL(t, "{\"id\":");
	text_add_uuid(t, &h->id);
	TEXT_LITERAL(t, ",\"amount\":");
	text_add_number(t, h->amount.minor);
	TEXT_LITERAL(t, ",\"remaining\":");
	text_add_number(t, h->remaining.minor);
	TEXT_LITERAL(t, ",\"expires_at\":");
	text_add_instant(t, h->expires_at);
	TEXT_LITERAL(t, ",\"merchant\":");
	text_add_json(t, h->merchant);
	TEXT_LITERAL(t, ",\"description\":");
	text_add_json(t, h->description);
	TEXT_LITERAL(t, ",\"metadata\":");
	text_add_string(t, h->metadata != NULL ? h->metadata : "null");
	TEXT_LITERAL(t, ",\"created_at\":");
	text_add_instant(t, h->created_at);
	TEXT_LITERAL(t, "}");
}

static struct reply *
holds_reply(struct request *r, const struct hold *list, size_t count, const char *next)
{
	TEXT(text);

	for (size_t i = 0; i < count; i++) {
		page_text_item(&text, i);
		hold_write(&text, &list[i]);
	}
	return reply_page_text(r, &text, count, next);
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
	enum error e;

	if ((e = query_read(r, &page, &before)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = hold_list(s->pool, &r->ids[0], page.cursor != NULL ? &before : NULL, page.limit + 1, r->arena, &list,
		     &count)) != OK)
		return reply_error(r, e);
	shown = count > (size_t)page.limit ? (size_t)page.limit : count;
	if (shown == count)
		return holds_reply(r, list, shown, NULL);
	uuid_format(&list[shown - 1].id, last);
	return holds_reply(r, list, shown, page_cursor_encode(r, "%s", last));
}
