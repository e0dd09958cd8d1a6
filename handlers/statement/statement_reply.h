/* statement_reply.h - the responses of GET /v1/statements: lines, or the job that writes a file. */
#ifndef HANDLERS_STATEMENT_STATEMENT_REPLY_H
#define HANDLERS_STATEMENT_STATEMENT_REPLY_H

#include "common/http/reply.h"
#include "domain/statement/job.h"
#include "handlers/statement/statement_query.h"

/* 200 with lines of a span, starting at the query's cursor; its limit and the reach of its format
 * bound their number. A span too long for that, or a format of files only, gets
 * statement_reply_job(). */
struct reply *statement_reply_lines(struct request *r, const struct statement_query *q,
	const struct span *s);
/* 202 with the job and the URL to poll. */
struct reply *statement_reply_job(struct request *r, const struct statement_query *q,
	const struct uuid *wallet);

/* For a wallet of which no line has arrived: the empty statement of a wallet that exists, unless it
 * needs a job; else 404 with what to do. */
struct reply *statement_reply_unknown(
	struct request *r, const struct statement_query *q, bool is_long);
/* Adds the header Statement-Version: the wallet's version that a page or file shows. */
struct reply *statement_reply_version(struct request *r, struct reply *reply, int64_t version);
/* The job in the path, if the caller can see it. */
enum error statement_job_find(struct request *r, struct job *job) MUST_CHECK;

#endif
