/* statement_query.c - reads the query of GET /v1/statements; see statement_query.h. */
#include "handlers/statement/statement_query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/http/accept.h"
#include "common/http/page.h"
#include "common/http/period.h"

/* ---- the period ---- */

/* Without `to` the period ends now. Without `from` it is STATEMENT_SYNC_DAYS long, which needs no
 * job. */
static enum error
query_period_read(struct request *r, struct statement_query *q, struct period *p)
{
	instant_us sync = config_number(OPT_STATEMENT_SYNC_DAYS) * US_PER_DAY;
	int64_t longest = config_number(OPT_STATEMENT_MAX_DAYS);
	enum error e;

	p->to = clock_now();
	q->ends_now = p->to_text == NULL;
	q->begins_by_end = p->to_text == NULL && p->from_text == NULL;
	if ((e = period_read(r, p)) != OK)
		return e;
	if (p->from_text == NULL)
		p->from = p->to > sync ? p->to - sync : 0;
	q->from = p->from;
	q->to = p->to;
	if ((e = period_check(r, p)) != OK)
		return e;
	if (q->to - q->from > longest * US_PER_DAY)
		return request_fault(r, "/from",
			"the period must not be longer than %" PRId64 " days", longest);
	return OK;
}

void
statement_query_update_end(struct statement_query *q)
{
	instant_us now = clock_now();

	if (!q->ends_now || q->is_next || now <= q->to)
		return;
	if (q->begins_by_end)
		q->from += now - q->to;
	q->to = now;
}

/* ---- cursors: wallet, from, to, head, after, until ---- */

/* Holds everything that fixes a page, so a later page needs no state on the server. */
char *
statement_query_cursor(struct request *r, const struct span *s, const struct chain *c)
{
	char wallet[UUID_TEXT];

	uuid_format(&s->wallet, wallet);
	return page_cursor_encode(r,
		"%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, wallet, s->from,
		s->to, s->head, c->version, s->until);
}

static bool
number_next(const char **p, int64_t max, int64_t *n)
{
	char *end;

	if (**p != ' ' || (*p)[1] < '0' || (*p)[1] > '9')
		return false;
	errno = 0;
	*n = strtoll(*p + 1, &end, 10);
	*p = end;
	return errno == 0 && *n <= max;
}

static bool
cursor_parse(const char *text, struct statement_query *q)
{
	char wallet[UUID_TEXT] = "";
	const char *p = text;

	if (strlen(text) < UUID_TEXT)
		return false;
	memcpy(wallet, p, UUID_TEXT - 1);
	p += UUID_TEXT - 1;
	return uuid_parse(wallet, &q->wallet) && number_next(&p, INSTANT_LAST, &q->from) &&
	       number_next(&p, INSTANT_LAST, &q->to) && number_next(&p, MONEY_MAX, &q->head) &&
	       number_next(&p, q->head, &q->after) && number_next(&p, q->head, &q->until) &&
	       *p == '\0' && q->head > 0 && q->from <= q->to;
}

static enum error
cursor_read(struct request *r, const char *cursor, struct statement_query *page)
{
	char *text;
	enum error e = page_cursor_decode(r, cursor, &text);

	if (e != OK)
		return e;
	return cursor_parse(text, page) ? OK : request_fault(r, "/cursor", "is not a valid cursor");
}

/* Later pages keep the wallet and period of the first page, even if it had no `to` and ended
 * now. */
static enum error
cursor_apply(struct request *r, const struct statement_query *page, const struct period *p,
	struct statement_query *q)
{
	if ((q->has_wallet && memcmp(&q->wallet, &page->wallet, sizeof page->wallet) != 0) ||
		(p->from_text != NULL && q->from != page->from) ||
		(p->to_text != NULL && q->to != page->to))
		return request_fault(r, "/cursor", "belongs to another wallet or period");
	*q = *page;
	q->has_wallet = q->is_next = true;
	return OK;
}

/* ---- the query ---- */

/* The default: what the client prefers, or else JSON, as the contract says. If it prefers neither,
 * the first of the table. */
static enum format
format_preferred(struct request *r)
{
	const char *accept = request_header(r, "Accept");
	enum format best = FORMAT_JSON;
	int most = 0;

	for (int f = 0; f < FORMAT_COUNT; f++) {
		int preference = accept_preference(accept, formats[f].media_type);

		if (preference > most) {
			most = preference;
			best = (enum format)f;
		}
	}
	return best;
}

/* What tells one request from another. */
static enum error
request_keep(struct request *r, const struct period *p, struct statement_query *q)
{
	q->request = arena_printf(r->arena, "%s %s %s %" PRId64,
		p->from_text != NULL ? p->from_text : "-", p->to_text != NULL ? p->to_text : "-",
		format_names[q->format], q->min_version);
	return q->request != NULL ? OK : ERR_TOO_LARGE;
}

enum error
statement_query_read(struct request *r, struct statement_query *q)
{
	struct period period = { 0 };
	struct page page = { 0 };
	struct statement_query next;
	int64_t format = format_preferred(r);
	enum error e;

	*q = (struct statement_query){ 0 };
	struct field fields[] = {
		PAGE_FIELDS(&page),
		PERIOD_FIELDS(&period),
		{ "wallet_id", FIELD_UUID, .uuid = &q->wallet, .present = &q->has_wallet },
		{ "format", FIELD_CHOICE, .number = &format, .choices = format_names },
		{ "min_version", FIELD_NUMBER, .min = 1, .max = MONEY_MAX,
			.number = &q->min_version },
	};

	e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);
	e = faults_join(e, query_period_read(r, q, &period));
	e = faults_join(e, request_key(r, &q->key));
	q->format = (enum format)format;
	q->has_limit = page.limit > 0;
	q->limit = q->has_limit ? page.limit : PAGE_LIMIT_DEFAULT;
	next = *q;
	if (page.cursor != NULL)
		e = faults_join(e, cursor_read(r, page.cursor, &next));
	if (e == OK && page.cursor != NULL)
		e = cursor_apply(r, &next, &period, q);
	return e == OK ? request_keep(r, &period, q) : e;
}

bool
statement_query_is_long(const struct statement_query *q)
{
	return q->to - q->from > config_number(OPT_STATEMENT_SYNC_DAYS) * US_PER_DAY;
}

struct wallet_query
statement_query_wallet(const struct request *r, const struct statement_query *q)
{
	return (struct wallet_query){ .wallet = q->has_wallet ? &q->wallet : NULL,
		.caller = r->caller.user,
		.any_owner = caller_reads_all(&r->caller) };
}

struct span_query
statement_query_span(const struct statement_query *q, const struct uuid *wallet)
{
	return (struct span_query){ .wallet = *wallet,
		.from = q->from,
		.to = q->to,
		.has_head = q->is_next,
		.head = q->head,
		.until = q->until,
		.whole = !q->is_next };
}
