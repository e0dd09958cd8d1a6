/* statements_get.c - GET /v1/statements: a statement, or the job that writes it to a file. */
#include "common/http/reply.h"
#include "domain/statement/statements.h"
#include "handlers/statement/service.h"
#include "handlers/statement/statement_query.h"
#include "handlers/statement/statement_reply.h"

/* A valid cursor points to a line of the span, and its end is one that the span can have. */
static enum error
cursor_check(struct request *r, const struct statement_query *q, const struct span *s)
{
	if (q->is_next && (q->head != s->head || q->until != s->until || q->after < s->after ||
	                          q->after > s->until))
		return request_fault(r, "/cursor", "is not a valid cursor");
	return OK;
}

/* GET /v1/statements - the lines of a period, checked to add up. */
struct reply *
statements_get(struct request *r)
{
	struct statement_service *service = r->service;
	struct statement_query q;
	struct wallet_query wallet;
	struct statement_wallet w;
	struct span_query period;
	struct span span;
	bool is_long;
	enum error e;

	if ((e = statement_query_read(r, &q)) != OK)
		return reply_error(r, e);
	is_long = statement_query_is_long(&q); /* before the wait moves the period */
	wallet = statement_query_wallet(r, &q);
	e = statement_wallet_wait(service->db, &wallet, q.is_next ? 0 : q.min_version, &w);
	statement_query_update_end(&q);
	if (e == ERR_NOT_FOUND)
		return statement_reply_unknown(r, &q, is_long);
	if (e != OK)
		return reply_error(r, e);
	if (is_long)
		return statement_reply_job(r, &q, &w.id);
	period = statement_query_span(&q, &w.id);
	if ((e = span_find(service->db, &period, &span)) != OK ||
		(e = cursor_check(r, &q, &span)) != OK)
		return reply_error(r, e);
	return statement_reply_lines(r, &q, &span);
}
