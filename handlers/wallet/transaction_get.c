/* transaction_get.c - GET /v1/transactions and /v1/transactions/{id}: what has happened, the newest first. */
#include <string.h>

#include "common/http/page.h"
#include "handlers/wallet/service.h"

struct reply *
reply_posting(struct request *r, int status, const struct posting *p)
{
	TEXT(text);

	posting_write(&text, p, false);
	return reply_json_text(r, status, &text);
}

struct reply *
transaction_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct posting posting;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK)
		return reply_error(r, e);
	if ((e = transaction_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &posting)) != OK)
		return reply_error(r, e);
	return reply_posting(r, 200, &posting);
}

/* A cursor is where the page before ended: time, wallet, version. */
static enum error
cursor_read(struct request *r, const char *cursor, struct transaction_query *q)
{
	const char *text = page_cursor_decode(r, cursor);
	char *copy = text != NULL ? arena_strdup(r->arena, text) : NULL;
	const char *at = strsep(&copy, " "), *wallet = strsep(&copy, " "), *version = strsep(&copy, " ");

	if (text == NULL)
		return ERR_INVALID_REQUEST;
	if (version == NULL || copy != NULL || !number_parse(at, &q->cursor_at) ||
	    !uuid_parse(wallet, &q->cursor_wallet) || !number_parse(version, &q->cursor_version) ||
	    q->cursor_at < 0 || q->cursor_at > INSTANT_LAST)
		return request_fault(r, "/cursor", "is not a cursor that was given out here");
	q->has_cursor = true;
	return OK;
}

static char *
cursor_write(struct request *r, const struct posting *last)
{
	char wallet[UUID_TEXT];

	uuid_format(&last->wallet, wallet);
	return page_cursor_encode(r, "%lld %s %lld", (long long)last->created_at, wallet, (long long)last->version);
}

static enum error
query_read(struct request *r, struct page *page, struct uuid *wallet, struct transaction_query *q)
{
	int64_t kind = 0;
	bool has_wallet = false, has_kind = false;
	const struct field fields[] = {
		PAGE_FIELDS(page),
		{ "wallet_id", FIELD_UUID, .present = &has_wallet, .uuid = wallet },
		{ "kind", FIELD_CHOICE, .present = &has_kind, .choices = kind_names, .number = &kind },
		{ "from", FIELD_FROM, .present = &q->has_from, .instant = &q->from },
		{ "to", FIELD_TO, .present = &q->has_to, .instant = &q->to },
		{ "merchant", FIELD_TEXT, .least = 1, .most = 200, .text = &q->merchant },
		{ "min_amount", FIELD_AMOUNT, .amount = &q->least },
		{ "max_amount", FIELD_AMOUNT, .amount = &q->most },
		{ "q", FIELD_TEXT, .least = 1, .most = 100, .text = &q->text },
		{ "metadata", FIELD_PAIRS, .pairs = &q->metadata },
	};
	enum error e;

	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return e;
	if (q->has_from && q->has_to && q->from > q->to)
		return request_fault(r, "/from", "must not be after to");
	if (q->most.minor > 0 && q->least.minor > q->most.minor)
		return request_fault(r, "/min_amount", "must not be greater than max_amount");
	q->limit = page->limit + 1;
	q->wallet = has_wallet ? wallet : NULL;
	q->kind = has_kind ? kind_names[kind] : NULL;
	/* Without a wallet even an operator means his own. */
	q->owner = has_wallet ? caller_scope(r) : &r->caller.user;
	return page->cursor != NULL ? cursor_read(r, page->cursor, q) : OK;
}

static enum error
wallet_check(struct request *r, const struct transaction_query *q)
{
	struct wallet_service *s = r->service;
	struct wallet wallet;

	return q->wallet == NULL ? OK : wallet_find(s->pool, q->wallet, q->owner, r->arena, &wallet);
}

static struct reply *
page_reply(struct request *r, const struct posting *list, size_t count, const char *next)
{
	TEXT(text);

	for (size_t i = 0; i < count; i++) {
		page_text_item(&text, i);
		posting_write(&text, &list[i], false);
	}
	return reply_page_text(r, &text, count, next);
}

struct reply *
transaction_list_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct transaction_query query = { 0 };
	struct uuid wallet;
	struct posting *list;
	size_t count, shown;
	enum error e;

	if ((e = query_read(r, &page, &wallet, &query)) != OK || (e = wallet_check(r, &query)) != OK)
		return reply_error(r, e);
	if ((e = transaction_list(s->pool, &query, r->arena, &list, &count)) != OK)
		return reply_error(r, e);
	shown = count > (size_t)page.limit ? (size_t)page.limit : count;
	return page_reply(r, list, shown, shown < count ? cursor_write(r, &list[shown - 1]) : NULL);
}
