/* statements_get.c - GET /v1/statements: a statement at once, or the job that makes it. */
#include "common/http/reply.h"
#include "domain/statement/statements.h"
#include "handlers/statement/service.h"
#include "handlers/statement/statement_query.h"
#include "handlers/statement/statement_reply.h"

/* A cursor names a place in the span that it was made for. */
static enum error
cursor_check(struct request *r, const struct statement_query *q, const struct span *s)
{
	if (q->is_next && (q->head != s->head || q->after < s->after || q->after > s->until))
		return request_fault(r, "/cursor", "is not a valid cursor");
	return OK;
}

/* GET /v1/statements - the lines of a period, which add up. */
struct reply *
statements_get(struct request *r)
{
	struct statement_service *service = r->service;
	struct statement_query q;
	struct statement_wanted wanted;
	struct statement_wallet w;
	struct span_wanted period;
	struct span span;
	bool is_long;
	enum error e;

	if ((e = statement_query_read(r, &q)) != OK)
		return reply_error(r, e);
	is_long = statement_query_is_long(&q); /* by what was asked for, not by how long it takes */
	wanted = statement_query_wanted(r, &q);
	if ((e = statement_wallet_wait(service->db, &wanted, q.min_version, &w)) != OK)
		return reply_error(r, e);
	statement_query_waited(&q);
	if (is_long)
		return statement_reply_job(r, &q, &w.id);
	period = statement_query_span(&q, &w.id);
	if ((e = span_find(service->db, &period, &span)) != OK ||
		(e = span_check_gap(&span)) != OK || (e = cursor_check(r, &q, &span)) != OK)
		return reply_error(r, e);
	return statement_reply_lines(r, &q, &span);
}
