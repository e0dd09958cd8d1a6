/* hold_list_get.c - GET /v1/wallets/{id}/holds: a wallet's open holds, newest first. */
#include "handlers/wallet/queries.h"
#include "handlers/wallet/service.h"

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
	struct uuid place;
	const struct uuid *before;
	struct wallet wallet;
	struct hold *list;
	size_t count, shown;
	char last[UUID_TEXT];
	enum error e;

	if ((e = id_page_read(r, &page, &place, &before)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = hold_list(s->pool, &r->ids[0], before, page.limit + 1, r->arena, &list,
		     &count)) != OK)
		return reply_error(r, e);
	shown = count > (size_t)page.limit ? (size_t)page.limit : count;
	if (shown == count)
		return holds_reply(r, list, shown, NULL);
	uuid_format(&list[shown - 1].id, last);
	return holds_reply(r, list, shown, page_cursor_encode(r, "%s", last));
}
