/* wallet_list_get.c - GET /v1/wallets: the caller's wallets, oldest first. */
#include "handlers/wallet/queries.h"
#include "handlers/wallet/service.h"

struct reply *
wallet_list_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct uuid place;
	const struct uuid *after;
	struct wallet *list;
	size_t count, shown;
	char last[UUID_TEXT];
	json_t *data;
	enum error e;

	if ((e = id_page_read(r, &page, &place, &after)) != OK ||
	    (e = wallet_list(s->pool, &r->caller.user, after, page.limit + 1, r->arena, &list,
		     &count)) != OK)
		return reply_error(r, e);
	shown = count > (size_t)page.limit ? (size_t)page.limit : count;
	data = json_array();
	for (size_t i = 0; i < shown; i++)
		json_array_append_new(data, wallet_json(&list[i]));
	if (shown == count)
		return reply_page(r, data, NULL);
	uuid_format(&list[shown - 1].id, last);
	return reply_page(r, data, page_cursor_encode(r, "%s", last));
}
