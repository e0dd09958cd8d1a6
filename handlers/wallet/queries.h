/* queries.h - what several endpoints read of a request. */
#ifndef HANDLERS_WALLET_QUERIES_H
#define HANDLERS_WALLET_QUERIES_H

#include "common/http/page.h"
#include "domain/ledger/wallets.h"

/* A page of things with ids: `limit` and `cursor`. *after is where the page before ended; NULL:
 * there was none. place is where *after points to. */
enum error id_page_read(struct request *r, struct page *page, struct uuid *place,
	const struct uuid **after) MUST_CHECK;

/* The one parameter `currency`. */
enum error currency_read(struct request *r, const char **currency) MUST_CHECK;

/* The filters of a list of transactions. It points into *wallet. */
enum error transaction_query_read(struct request *r, struct page *page, struct uuid *wallet,
	struct transaction_query *q) MUST_CHECK;
/* The cursor behind a transaction. */
char *transaction_cursor(struct request *r, const struct transaction *last);

#endif
