/* lines.h - the way of transaction_created into the statement database: read, collected, stored by
 * batches.
 *
 * Order does not matter and doubles are dropped; a double that says something else is found.
 * Nothing here knows AMQP. */
#ifndef DOMAIN_STATEMENT_LINES_H
#define DOMAIN_STATEMENT_LINES_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/db/db.h"

#define LINES_REASON 256

/* A batch to be. Keeps its memory from batch to batch. One thread's. */
struct lines;

struct lines *lines_new(void);
void lines_free(struct lines *l);
void lines_clear(struct lines *l);
size_t lines_count(const struct lines *l);

/* Adds the data of one event: the transaction as the API shows it, plus owner_id. Unknown members
 * are ignored, so that events may grow. An event without balance_change (of a ledger before that
 * had it) takes its sign from its kind or from the line before it. ERR_INVALID_REQUEST, with a
 * sentence: it is not such an event. */
enum error lines_add(struct lines *l, const json_t *data, char reason[LINES_REASON]) MUST_CHECK;

/* Stores all in one commit; may be repeated. differs() is called with the place (from 0, in the
 * order of lines_add) of each that contradicts what is stored. */
enum error lines_store(struct db *db, struct lines *l, void (*differs)(size_t place, void *context),
	void *context) MUST_CHECK;

#endif
