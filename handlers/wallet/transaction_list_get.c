/* transaction_list_get.c - GET /v1/transactions: a page of transactions, newest first. */
#include "handlers/wallet/queries.h"
#include "handlers/wallet/service.h"

/* If the query names a wallet, the caller must be allowed to see it. */
static enum error
wallet_check(struct request *r, const struct transaction_query *q)
{
	struct wallet_service *s = r->service;
	struct wallet wallet;
	char id[UUID_TEXT];
	enum error e = q->wallet == NULL
		? OK
		: wallet_find(s->pool, q->wallet, q->owner, r->arena, &wallet);

	if (e != ERR_NOT_FOUND)
		return e;
	uuid_format(q->wallet, id);
	return request_refuse(r, e,
		"There is no wallet %s that you can see: GET /v1/wallets lists yours.", id);
}

static struct reply *
page_reply(struct request *r, const struct transaction *list, size_t count, const char *next)
{
	TEXT(text);

	for (size_t i = 0; i < count; i++) {
		page_text_item(&text, i);
		transaction_write(&text, &list[i], false);
	}
	return reply_page_text(r, &text, count, next);
}

struct reply *
transaction_list_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct transaction_query query = { 0 };
	struct transaction_page found;
	struct uuid wallet;
	const char *next = NULL;
	enum error e;

	if ((e = transaction_query_read(r, &page, &wallet, &query)) != OK ||
	    (e = wallet_check(r, &query)) != OK ||
	    (e = transaction_list(s->pool, &query, r->arena, &found)) != OK)
		return reply_error(r, e);
	if (found.count > (size_t)page.limit) {
		found.count = (size_t)page.limit;
		next = transaction_cursor(r, &found.list[found.count - 1]);
	} else if (found.more) {
		next = transaction_cursor(r, &found.last);
	}
	return page_reply(r, found.list, found.count, next);
}
