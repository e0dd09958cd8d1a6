/* statements_get.c - GET /v1/statements: a statement at once, or the job that makes it. */
#include <string.h>

#include "common/base/config.h"
#include "common/http/page.h"
#include "common/http/reply.h"
#include "domain/statement/job.h"
#include "domain/statement/statements.h"
#include "handlers/statement/query.h"
#include "handlers/statement/service.h"

/* A CSV for which no limit was asked is the whole period, as long as it has no more lines than this. */
#define CSV_LINES_MAX 2000

static struct reply *
reply_job(struct request *r, const struct query *q, const struct statement_wallet *w)
{
	struct statement_service *s = r->service;
	struct job_wanted wanted = { .owner = r->caller.user, .wallet = w->id, .from = q->from, .to = q->to,
		.format = q->format, .min_version = q->min_version, .asked = q->asked, .key = q->key };
	struct job job;
	char id[UUID_TEXT];
	struct reply *reply;
	enum error e;

	if ((e = job_request(s->db, &wanted, &job)) == ERR_RATE_LIMITED)
		request_retry_after(r, 5);
	if (e != OK)
		return reply_error(r, e);
	uuid_format(&job.id, id);
	reply = reply_json(r, 202, job_json(&job));
	reply_header(r, reply, "Location", "/v1/statements/%s", id);
	return reply_header(r, reply, "Retry-After", "1");
}

static struct reply *
reply_lines(struct request *r, enum format f, struct text *t, const char *next)
{
	const char *text;

	formats[f].tail(t, next);
	if ((text = text_end(t)) == NULL || (text = arena_strndup(r->arena, text, t->bytes)) == NULL)
		return reply_error(r, ERR_TOO_LARGE);
	return reply_next_link(r, reply_header(r, reply_text(r, 200, formats[f].content_type, text), "Vary", "Accept"), next);
}

static struct reply *
reply_page_of(struct request *r, const struct query *q, const struct span *s, int64_t limit)
{
	struct statement_service *service = r->service;
	char wallet[UUID_TEXT];
	struct heading heading = span_heading(s, wallet);
	struct chain chain = chain_begin(s);
	const char *next = NULL;
	TEXT(text);
	enum error e;

	text.most = (size_t)config_number(OPT_REQUEST_MEMORY) / 2;
	formats[q->format].head(&text, &heading);
	if (q->is_next && (e = chain_seek(service->db, s, q->after, &chain)) != OK)
		return reply_error(r, e);
	if ((e = lines_read(service->db, s, limit, q->format, true, &chain, &text)) != OK)
		return reply_error(r, e);
	if (chain.version < s->until)
		next = query_cursor(r, s, &chain);
	return reply_lines(r, q->format, &text, next);
}

/* GET /v1/statements - the lines of a period, which add up. */
struct reply *
statements_get(struct request *r)
{
	struct statement_service *service = r->service;
	struct query q;
	struct statement_wallet w;
	struct span span;
	bool is_long;
	enum error e;

	if ((e = query_read(r, &q)) != OK)
		return reply_error(r, e);
	is_long = query_is_long(&q); /* by what was asked for, not by how long it takes */
	struct statement_wanted wanted = query_wanted(r, &q);
	if ((e = statement_wallet_wait(service->db, &wanted, q.min_version, &w)) != OK)
		return reply_error(r, e);
	query_waited(&q);
	if (is_long)
		return reply_job(r, &q, &w);
	if ((e = span_find(service->db, &w.id, q.from, q.to, q.head, !q.is_next, &span)) != OK ||
	    (e = span_check_gap(&span)) != OK)
		return reply_error(r, e);
	if (q.is_next && (q.head != span.head || q.after < span.after || q.after > span.until))
		return reply_error(r, request_fault(r, "/cursor", "is not a cursor that was given out here"));
	if (q.format == FORMAT_CSV && !q.has_limit && !q.is_next) {
		if (span.until - span.after > CSV_LINES_MAX)
			return reply_job(r, &q, &w);
		return reply_page_of(r, &q, &span, CSV_LINES_MAX);
	}
	return reply_page_of(r, &q, &span, q.limit);
}
