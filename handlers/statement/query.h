/* query.h - what GET /v1/statements was asked for. */
#ifndef HANDLERS_STATEMENT_QUERY_H
#define HANDLERS_STATEMENT_QUERY_H

#include "common/http/request.h"
#include "domain/statement/format.h"
#include "domain/statement/statements.h"

struct query {
	bool has_wallet;
	struct uuid wallet;
	instant_us from, to;  /* half open; from <= to */
	bool ends_now;        /* no `to` was sent */
	bool begins_by_end;   /* nor `from`, which then follows the end */
	enum format format;
	int64_t min_version;  /* 0: do not wait */
	int64_t limit;
	bool has_limit;
	const char *asked;    /* period, format and min_version as they were sent */
	const char *key;      /* Idempotency-Key, or NULL */
	bool is_next;         /* a later page: the rest is its cursor's */
	int64_t head, after;  /* the wallet as the first page saw it; the last line of the page before */
};

/* Reads and checks the query; what is wrong is in the request's faults. */
enum error query_read(struct request *r, struct query *q) MUST_CHECK;
/* Whether the period is over the threshold, STATEMENT_SYNC_DAYS. */
bool query_is_long(const struct query *q);
/* After the wait for min_version: a period that ends now ends after what was waited for. */
void query_waited(struct query *q);
/* The cursor of the page behind a chain's place. */
char *query_cursor(struct request *r, const struct span *s, const struct chain *c);
/* Who asks for what. Points into the query. */
struct statement_wanted query_wanted(const struct request *r, const struct query *q);

#endif
