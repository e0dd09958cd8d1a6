/* statement_query.h - the query parameters of GET /v1/statements. */
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
	bool begins_by_end;   /* no `from` either: it moves with the end */
	enum format format;
	int64_t min_version;  /* 0: do not wait */
	int64_t limit;
	bool has_limit;
	const char *request;  /* period, format and min_version as sent */
	const char *key;      /* Idempotency-Key, or NULL */
	/* A later page. Its cursor has the period, the head and the end that the first page saw,
	 * and the last line of the previous page. */
	bool is_next;
	int64_t head, until, after;
};

/* Reads and validates the query; collects faults in the request. */
enum error statement_query_read(struct request *r, struct statement_query *q) MUST_CHECK;
/* Whether the period is longer than STATEMENT_SYNC_DAYS, so a job must write it to a file. */
bool statement_query_is_long(const struct statement_query *q);
/* Call after waiting for min_version: moves a period that ends now past the line waited for. */
void statement_query_update_end(struct statement_query *q);
/* The cursor of the page after the chain's position; NULL if the request's arena is full. */
char *statement_query_cursor(struct request *r, const struct span *s, const struct chain *c);
/* The wallet to find, and for whom. Points into the query. */
struct wallet_query statement_query_wallet(const struct request *r,
	const struct statement_query *q);
/* The span to find, with the same head on every page. */
struct span_query statement_query_span(const struct statement_query *q, const struct uuid *wallet);

#endif
