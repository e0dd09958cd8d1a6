/* statement_query.c - reads the query of GET /v1/statements; see statement_query.h. */
#include "handlers/statement/statement_query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/http/accept.h"
#include "common/http/page.h"

/* ---- the period ---- */

static enum error
instant_read(struct request *r, const char *name, enum field_type type, const char *text,
	instant_us *t)
{
	const struct field field = { name, type, .instant = t };

	return bind_text(text, &field, &r->faults);
}

/* Without `to` the period ends now. Without `from` it is STATEMENT_SYNC_DAYS long, which needs no
 * job. */
static enum error
period_read(struct request *r, struct statement_query *q, const char *from, const char *to)
{
	instant_us sync = config_number(OPT_STATEMENT_SYNC_DAYS) * US_PER_DAY, day, last;
	enum error e = OK;

	q->to = clock_now();
	q->ends_now = to == NULL;
	q->begins_by_end = to == NULL && from == NULL;
	if (to != NULL)
		e = instant_read(r, "to", FIELD_TO, to, &q->to);
	q->from = q->to > sync ? q->to - sync : 0;
	if (from != NULL && instant_read(r, "from", FIELD_FROM, from, &q->from) != OK)
		e = ERR_INVALID_REQUEST;
	if (e != OK)
		return e;
	/* As instants, the dates 2nd to 1st make an empty period, so compare the days too. */
	if (q->from > q->to || (from != NULL && to != NULL && date_parse(from, &day) &&
				       date_parse(to, &last) && day > last))
		return request_fault(r, "/from", "must not be later than to");
	if (q->to - q->from > config_number(OPT_STATEMENT_MAX_DAYS) * US_PER_DAY)
		return request_fault(r, "/from",
			"the period must not be longer than %" PRId64 " days",
			config_number(OPT_STATEMENT_MAX_DAYS));
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

/* Later pages keep the wallet and period of the first page, even if it had no `to` and ended
 * now. */
static enum error
cursor_read(struct request *r, const char *cursor, const char *from, const char *to,
	struct statement_query *q)
{
	struct statement_query page = *q;
	char *text;
	enum error e = page_cursor_decode(r, cursor, &text);

	if (e != OK)
		return e;
	if (!cursor_parse(text, &page))
		return request_fault(r, "/cursor", "is not a valid cursor");
	if ((q->has_wallet && memcmp(&q->wallet, &page.wallet, sizeof page.wallet) != 0) ||
	    (from != NULL && q->from != page.from) || (to != NULL && q->to != page.to))
		return request_fault(r, "/cursor", "belongs to another wallet or period");
	*q = page;
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

enum error
statement_query_read(struct request *r, struct statement_query *q)
{
	const char *from = NULL, *to = NULL;
	struct page page = { 0 };
	int64_t format = format_preferred(r);
	enum error e;

	*q = (struct statement_query){ 0 };
	struct field fields[] = {
		PAGE_FIELDS(&page),
		{ "wallet_id", FIELD_UUID, .uuid = &q->wallet, .present = &q->has_wallet },
		{ "from", FIELD_TEXT, .min = 1, .max = 40, .text = &from },
		{ "to", FIELD_TEXT, .min = 1, .max = 40, .text = &to },
		{ "format", FIELD_CHOICE, .number = &format, .choices = format_names },
		{ "min_version", FIELD_NUMBER, .min = 1, .max = MONEY_MAX,
			.number = &q->min_version },
	};

	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) == OK ||
		e == ERR_INVALID_REQUEST)
		/* Also after a fault: the client gets all faults at once. */
		e = period_read(r, q, from, to) != OK ? ERR_INVALID_REQUEST : e;
	if (e != OK || (e = request_key(r, &q->key)) != OK)
		return e;
	q->format = (enum format)format;
	q->request = arena_printf(r->arena, "%s %s %s %" PRId64, from != NULL ? from : "-",
		to != NULL ? to : "-", format_names[format], q->min_version);
	if (q->request == NULL)
		return ERR_TOO_LARGE;
	q->has_limit = page.limit > 0;
	q->limit = q->has_limit ? page.limit : PAGE_LIMIT_DEFAULT;
	return page.cursor != NULL ? cursor_read(r, page.cursor, from, to, q) : OK;
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
