/* statement_reply.h - the answers of GET /v1/statements: a page of lines, or the job that makes a
 * file of them. */
#ifndef HANDLERS_STATEMENT_STATEMENT_REPLY_H
#define HANDLERS_STATEMENT_STATEMENT_REPLY_H

#include "common/http/reply.h"
#include "handlers/statement/statement_query.h"

/* 200: the lines of a span, from where the query says, as many as its limit and its format's reach
 * allow; or, of a format or a length that is not answered at once, as statement_reply_job(). */
struct reply *statement_reply_lines(
	struct request *r, const struct statement_query *q, const struct span *s);
/* 202: the job, and where to ask how far it is. */
struct reply *statement_reply_job(
	struct request *r, const struct statement_query *q, const struct uuid *wallet);

#endif
