/* transaction_query.c - the filters and the cursor of a list of transactions; see queries.h. */
#include <string.h>

#include "common/http/period.h"
#include "handlers/wallet/queries.h"
#include "handlers/wallet/service.h"

/* A cursor holds the time, wallet and version of the previous page's last transaction. */
static enum error
cursor_read(struct request *r, const char *cursor, struct transaction_query *q)
{
	const char *at, *wallet, *version;
	char *text;
	enum error e = page_cursor_decode(r, cursor, &text);

	if (e != OK)
		return e;
	at = strsep(&text, " ");
	wallet = strsep(&text, " ");
	version = strsep(&text, " ");
	if (version == NULL || text != NULL || !number_parse(at, &q->cursor_at) ||
	    !uuid_parse(wallet, &q->cursor_wallet) || !number_parse(version, &q->cursor_version) ||
	    q->cursor_at < 0 || q->cursor_at > INSTANT_LAST)
		return request_fault(r, "/cursor", "is not a valid cursor");
	q->has_cursor = true;
	return OK;
}

/* Time alone would not do: wallets can have transactions in the same microsecond. */
char *
transaction_cursor(struct request *r, const struct transaction *last)
{
	char wallet[UUID_TEXT];

	uuid_format(&last->wallet, wallet);
	return page_cursor_encode(r, "%lld %s %lld", (long long)last->created_at, wallet,
		(long long)last->version);
}

/* Each missing end is one that leaves nothing out, and so is one that could not be read. */
static enum error
ranges_check(struct request *r, struct period *p, struct transaction_query *q)
{
	enum error e = period_read(r, p);

	q->has_from = p->from_text != NULL;
	q->has_to = p->to_text != NULL;
	q->from = p->from;
	q->to = p->to;
	if (e == OK)
		e = period_check(r, p);
	if (q->min_amount.minor > q->max_amount.minor)
		e = faults_join(e,
			request_fault(r, "/min_amount", "must not be greater than max_amount"));
	return e;
}

enum error
transaction_query_read(struct request *r, struct page *page, struct uuid *wallet,
	struct transaction_query *q)
{
	int64_t kind = 0;
	bool has_wallet = false, has_kind = false;
	struct period period = { .from = 0, .to = INSTANT_LAST };
	const struct field fields[] = {
		PAGE_FIELDS(page),
		PERIOD_FIELDS(&period),
		{ "wallet_id", FIELD_UUID, .present = &has_wallet, .uuid = wallet },
		{ "kind", FIELD_CHOICE, .present = &has_kind, .choices = kind_names,
			.number = &kind },
		{ "merchant", FIELD_TEXT, .min = 1, .max = 200, .text = &q->merchant },
		{ "min_amount", FIELD_AMOUNT, .present = &q->has_min_amount,
			.amount = &q->min_amount },
		{ "max_amount", FIELD_AMOUNT, .present = &q->has_max_amount,
			.amount = &q->max_amount },
		{ "q", FIELD_TEXT, .min = 1, .max = 100, .text = &q->text },
		{ "metadata", FIELD_PAIRS, .pairs = &q->metadata },
	};
	enum error e;

	q->max_amount.minor = MONEY_MAX;
	e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);
	e = faults_join(e, ranges_check(r, &period, q));
	q->limit = page->limit + 1; /* the extra row shows whether there is a next page */
	q->wallet = has_wallet ? wallet : NULL;
	q->kind = has_kind ? kind_names[kind] : NULL;
	/* Without a wallet, even an operator gets only their own transactions. */
	q->owner = has_wallet ? caller_scope(r) : &r->caller.user;
	return page->cursor != NULL ? faults_join(e, cursor_read(r, page->cursor, q)) : e;
}
