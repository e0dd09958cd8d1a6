/* queries.h - query parameters that several endpoints read. */
#ifndef HANDLERS_WALLET_QUERIES_H
#define HANDLERS_WALLET_QUERIES_H

#include "common/http/page.h"
#include "domain/ledger/wallets.h"

/* Reads `limit` and `cursor` for a page of items with ids. *after is the last id of the previous
 * page, and points to *place; NULL for the first page. */
enum error id_page_read(struct request *r, struct page *page, struct uuid *place,
	const struct uuid **after) MUST_CHECK;

/* The parameter `currency`. */
#define CURRENCY_FIELD(code) { "currency", FIELD_CURRENCY, .required = true, .text = (code) }

/* Reads the filters of a list of transactions. The query points into *wallet. */
enum error transaction_query_read(struct request *r, struct page *page, struct uuid *wallet,
	struct transaction_query *q) MUST_CHECK;
/* The cursor of the page that starts after `last`. In the arena. */
char *transaction_cursor(struct request *r, const struct transaction *last);

#endif
