/* wallet_ask.h - the statement of a wallet whose first line has not arrived. */
#ifndef HANDLERS_STATEMENT_WALLET_ASK_H
#define HANDLERS_STATEMENT_WALLET_ASK_H

#include "handlers/statement/statement_query.h"

/* Asks WALLET_SERVICE for the wallet of the query, as the caller. Sets *s to an empty span, as of
 * version 0. ERR_NOT_FOUND: there is no such wallet that the caller can see, or no one to ask. */
enum error wallet_ask(
	struct request *r, const struct statement_query *q, struct span *s) MUST_CHECK;

#endif
