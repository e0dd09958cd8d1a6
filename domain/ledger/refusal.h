/* refusal.h - the sentence that explains a refusal: what was looked for, and what to do next. */
#ifndef DOMAIN_LEDGER_REFUSAL_H
#define DOMAIN_LEDGER_REFUSAL_H

#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

/* In the arena. NULL if the error's own detail (error_detail()) says everything. `op` is the
 * refused operation, or NULL for an operator's change. */
const char *refusal_detail(
	const struct operation *op, const struct outcome *out, struct arena *arena);
/* The same for an event, whose publisher is trusted: it names what does not exist. */
const char *refusal_detail_event(
	const struct operation *op, const struct outcome *out, struct arena *arena);

#endif
