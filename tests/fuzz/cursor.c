/* cursor.c - fuzzes what is inside of cursors, which clients send back in base64: one that is
 * accepted, written again, is read the same. Lines: the text of a cursor; the rest of a query. */
#include <sodium.h>
#include <string.h>

#include "handlers/statement/statement_query.h"
#include "handlers/wallet/queries.h"
#include "tests/fuzz/fuzz.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static const char *
query_with(struct arena *arena, const char *cursor, const char *rest)
{
	return arena_printf(arena, "cursor=%s&%s", cursor, rest);
}

static void
transactions_check(struct request *r, const char *rest)
{
	struct transaction_query q = { 0 }, again = { 0 };
	struct transaction last = { 0 };
	struct page page = { .limit = 50 };
	struct uuid wallet;

	if (transaction_query_read(r, &page, &wallet, &q) != OK)
		return;
	CHECK(q.has_cursor && q.cursor_at >= 0 && q.cursor_at <= INSTANT_LAST, "%s", r->query);
	last.created_at = q.cursor_at;
	last.wallet = q.cursor_wallet;
	last.version = q.cursor_version;
	r->query = query_with(r->arena, transaction_cursor(r, &last), rest);
	CHECK(transaction_query_read(r, &page, &wallet, &again) == OK, "%s", r->query);
	CHECK(again.cursor_at == q.cursor_at && again.cursor_version == q.cursor_version &&
		memcmp(&again.cursor_wallet, &q.cursor_wallet, sizeof q.cursor_wallet) == 0,
		"%s", r->query);
}

static void
statements_check(struct request *r, const char *rest)
{
	struct statement_query q, again;
	struct span span;
	struct chain chain;

	if (statement_query_read(r, &q) != OK)
		return;
	CHECK(q.is_next && q.from >= 0 && q.from <= q.to && q.to <= INSTANT_LAST, "%s", r->query);
	CHECK(q.head > 0 && q.after >= 0 && q.after <= q.head && q.until <= q.head, "%s", r->query);
	span = (struct span){ .wallet = q.wallet, .from = q.from, .to = q.to, .head = q.head,
		.until = q.until };
	chain = (struct chain){ .version = q.after };
	r->query = query_with(r->arena, statement_query_cursor(r, &span, &chain), rest);
	CHECK(statement_query_read(r, &again) == OK, "%s", r->query);
	CHECK(again.from == q.from && again.to == q.to && again.head == q.head &&
		again.after == q.after && again.until == q.until &&
		memcmp(&again.wallet, &q.wallet, sizeof q.wallet) == 0, "%s", r->query);
}

static void
ids_check(struct request *r)
{
	struct page page = { .limit = 50 };
	struct uuid place;
	const struct uuid *after;
	enum error e = id_page_read(r, &page, &place, &after);

	CHECK(e != OK || after == &place, "%s", r->query);
}

FUZZ_TARGET(cursor)
{
	char *text = fuzz_line(in), *rest = fuzz_line(in), encoded[4 * 256];
	struct request r = { .arena = in->arena };
	size_t n = strlen(text) < 500 ? strlen(text) : 500;
	const char *query;

	sodium_bin2base64(encoded, sizeof encoded, (unsigned char *)text, n, BASE64);
	arena_enter(in->arena);
	query = query_with(in->arena, encoded, rest);
	r.query = query;
	transactions_check(&r, rest);
	r.query = query;
	statements_check(&r, rest);
	r.query = query_with(in->arena, encoded, "");
	ids_check(&r);
	arena_leave();
}
