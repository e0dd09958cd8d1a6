/* statement_reply.c - the responses of GET /v1/statements; see statement_reply.h. */
#include "handlers/statement/statement_reply.h"

#include "common/base/config.h"
#include "common/http/page.h"
#include "domain/statement/job.h"
#include "handlers/statement/service.h"
#include "handlers/statement/wallet_ask.h"

/* A whole period with more lines than this needs a job. */
#define WHOLE_LINES_MAX 2000

/* While the job is unfinished, the same request gets the same job, so a client can safely retry. */
struct reply *
statement_reply_job(struct request *r, const struct statement_query *q, const struct uuid *wallet)
{
	struct statement_service *s = r->service;
	struct job_spec spec = { .owner = r->caller.user,
		.wallet = *wallet,
		.from = q->from,
		.to = q->to,
		.format = q->format,
		.min_version = q->min_version,
		.request = q->request,
		.key = q->key };
	struct job job;
	char id[UUID_TEXT];
	struct reply *reply;
	enum error e;

	if ((e = job_request(s->db, &spec, &job)) == ERR_RATE_LIMITED)
		request_retry_after(r, 5);
	if (e != OK)
		return reply_error(r, e);
	uuid_format(&job.id, id);
	reply = reply_json(r, 202, job_json(&job));
	reply_header(r, reply, "Location", "/v1/statements/%s", id);
	return reply_header(r, reply, "Retry-After", "1");
}

/* Not every format has a place for it in the text. */
struct reply *
statement_reply_version(struct request *r, struct reply *reply, int64_t version)
{
	return reply_header(r, reply, "Statement-Version", "%lld", (long long)version);
}

/* Completes the text and replies with it. */
static struct reply *
reply_written(struct request *r, enum format f, struct text *t, int64_t version, const char *next)
{
	const char *text;
	struct reply *reply;

	formats[f].tail(t, next);
	if ((text = text_end(t)) == NULL ||
		(text = arena_strndup(r->arena, text, t->bytes)) == NULL)
		return reply_error(r, ERR_TOO_LARGE);
	reply = reply_text(r, 200, formats[f].media_type, text);
	statement_reply_version(r, reply, version);
	return reply_next_link(r, reply_header(r, reply, "Vary", "Accept"), next);
}

/* Half of the request's memory: reply_written() copies the text into the arena. */
static struct reply *
reply_page_of(struct request *r, const struct statement_query *q, const struct span *s,
	int64_t limit)
{
	struct statement_service *service = r->service;
	char wallet[UUID_TEXT];
	struct heading heading = span_heading(s, wallet);
	struct chain chain = chain_begin(s);
	const char *next = NULL;
	TEXT(text);
	enum error e;

	text.max = (size_t)config_number(OPT_REQUEST_MEMORY) / 2;
	formats[q->format].head(&text, &heading);
	if (q->is_next && (e = chain_seek(service->db, s, q->after, &chain)) != OK)
		return reply_error(r, e);
	if ((e = chain_read(service->db, s, limit, q->format, true, &chain, &text)) != OK)
		return reply_error(r, e);
	if (chain.version < s->until && (next = statement_query_cursor(r, s, &chain)) == NULL)
		return reply_error(r, ERR_TOO_LARGE);
	return reply_written(r, q->format, &text, s->head, next);
}

struct reply *
statement_reply_lines(struct request *r, const struct statement_query *q, const struct span *s)
{
	bool is_short = s->until - s->after <= WHOLE_LINES_MAX;

	switch (formats[q->format].reach) {
	case REACH_PAGES:
		return reply_page_of(r, q, s, q->limit);
	case REACH_WHOLE:
		if (q->has_limit || q->is_next)
			return reply_page_of(r, q, s, q->limit);
		return is_short ? reply_page_of(r, q, s, WHOLE_LINES_MAX)
				: statement_reply_job(r, q, &s->wallet);
	case REACH_FILE:
		return statement_reply_job(r, q, &s->wallet);
	}
	return reply_error(r, ERR_INTERNAL);
}

/* ---- what is missing ---- */

/* Only events tell this service of a wallet, so one that was just opened is unknown for a moment:
 * it looks like one of another user, or none. */
static enum error
statement_missing(struct request *r, const struct statement_query *q)
{
	char id[UUID_TEXT];

	request_retry_after(r, 1);
	if (!q->has_wallet)
		return request_refuse(r, ERR_NOT_FOUND,
			"No line of a wallet of yours has arrived. Open one with POST /v1/wallets;"
			" if you just did, try again in a second.");
	uuid_format(&q->wallet, id);
	if (q->min_version > 0)
		return request_refuse(r, ERR_NOT_FOUND,
			"Line %lld of wallet %s has not arrived within %lld ms, nor any other that"
			" you can see. If GET /v1/wallets/%s shows the wallet, try again.",
			(long long)q->min_version, id,
			(long long)config_number(OPT_MIN_VERSION_WAIT), id);
	return request_refuse(r, ERR_NOT_FOUND,
		"No line of wallet %s that you can see has arrived. If GET /v1/wallets/%s shows the"
		" wallet, try again in a second.",
		id, id);
}

struct reply *
statement_reply_unknown(struct request *r, const struct statement_query *q, bool is_long)
{
	bool is_page = !is_long && formats[q->format].reach != REACH_FILE;
	struct span empty;
	enum error e = is_page ? wallet_ask(r, q, &empty) : ERR_NOT_FOUND;

	if (e == OK)
		return statement_reply_lines(r, q, &empty);
	return reply_error(r, e == ERR_NOT_FOUND ? statement_missing(r, q) : e);
}

enum error
statement_job_find(struct request *r, struct job *job)
{
	struct statement_service *s = r->service;
	bool reads_all = caller_reads_all(&r->caller);
	enum error e = job_find(s->db, &r->ids[0], &r->caller.user, reads_all, job);

	if (e == ERR_NOT_FOUND)
		return request_refuse(r, e,
			"There is no such job that you can see: GET /v1/statements requests one.");
	return e;
}
