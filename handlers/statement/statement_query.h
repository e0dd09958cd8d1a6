/* statement_query.h - what GET /v1/statements was asked for. */
#ifndef HANDLERS_STATEMENT_STATEMENT_QUERY_H
#define HANDLERS_STATEMENT_STATEMENT_QUERY_H

#include "common/http/request.h"
#include "domain/statement/format.h"
#include "domain/statement/statements.h"

struct statement_query {
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
	bool is_next;         /* a later page: its cursor says the period, and … */
	int64_t head,
		after; /* … the wallet as the first page saw it, and the last line of the page before */
};

/* Reads and checks the query; faults are collected in the request. */
enum error statement_query_read(struct request *r, struct statement_query *q) MUST_CHECK;
/* Whether the period is over the threshold, STATEMENT_SYNC_DAYS. */
bool statement_query_is_long(const struct statement_query *q);
/* After the wait for min_version: a period that ends now ends after what was waited for. */
void statement_query_waited(struct statement_query *q);
/* The cursor of the page behind a chain's place; NULL: the request's memory is full. */
char *statement_query_cursor(struct request *r, const struct span *s, const struct chain *c);
/* Whose wallet is asked for, and by whom. Points into the query. */
struct statement_wanted statement_query_wanted(
	const struct request *r, const struct statement_query *q);
/* The span of the wallet, as the first page saw it. */
struct span_wanted statement_query_span(const struct statement_query *q, const struct uuid *wallet);

#endif
