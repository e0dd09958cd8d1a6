/* wallet_get.c - GET /v1/wallets and /v1/wallets/{id}: wallets as they are now. */
#include <stdio.h>
#include <string.h>

#include "common/http/page.h"
#include "handlers/wallet/service.h"

/* The version is the ETag: a client that has it learns cheaply that nothing has happened since. */
static bool
client_has(struct request *r, int64_t version)
{
	const char *known = request_header(r, "If-None-Match");
	char etag[32];

	snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
	return known != NULL && (strstr(known, etag) != NULL || strcmp(known, "*") == 0);
}

struct reply *
wallet_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct wallet wallet;
	struct reply *reply;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK)
		return reply_error(r, e);
	if ((e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK)
		return reply_error(r, e);
	reply = client_has(r, wallet.version) ? reply_empty(r, 304) : reply_json(r, 200, wallet_json(&wallet));
	return reply_header(r, reply, "ETag", "\"%lld\"", (long long)wallet.version);
}

static enum error
query_read(struct request *r, struct page *page, struct uuid *after)
{
	const struct field fields[] = { PAGE_FIELDS(page) };
	const char *text;
	enum error e;

	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) != OK || page->cursor == NULL)
		return e;
	if ((text = page_cursor_decode(r, page->cursor)) == NULL)
		return ERR_INVALID_REQUEST;
	return uuid_parse(text, after) ? OK : request_fault(r, "/cursor", "is not a cursor that was given out here");
}

struct reply *
wallet_list_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct page page = { .limit = PAGE_LIMIT_DEFAULT };
	struct uuid after;
	struct wallet *list;
	size_t count, shown;
	char last[UUID_TEXT];
	json_t *data;
	enum error e;

	if ((e = query_read(r, &page, &after)) != OK)
		return reply_error(r, e);
	e = wallet_list(s->pool, &r->caller.user, page.cursor != NULL ? &after : NULL, page.limit + 1, r->arena, &list, &count);
	if (e != OK)
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
