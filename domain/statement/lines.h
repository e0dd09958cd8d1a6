/* lines.h - stores transaction_created events as lines: parses, collects and stores them in
 * batches.
 *
 * Order does not matter. Duplicates are dropped, and duplicates that differ are reported.
 * Independent of AMQP. */
#ifndef DOMAIN_STATEMENT_LINES_H
#define DOMAIN_STATEMENT_LINES_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"

#define LINES_REASON 256

/* A batch. lines_clear() keeps its memory for the next one. Not thread-safe. */
struct lines;

struct lines *lines_new(void);
void lines_free(struct lines *l);
void lines_clear(struct lines *l);
size_t lines_count(const struct lines *l);

/* Adds the data of one event: the transaction as the API shows it, plus owner_id. Ignores unknown
 * members, so events can grow. An older event has no balance_change and takes its sign from its
 * kind or from the previous line. ERR_INVALID_REQUEST, with a reason, if the event is invalid. */
enum error lines_add(struct lines *l, const json_t *data, char reason[LINES_REASON]) MUST_CHECK;

/* Tells which wallet and version the event at a place is about. */
void lines_describe(const struct lines *l, size_t place, char wallet[UUID_TEXT], int64_t *version);

/* Stores the batch in one commit. Idempotent. Calls differs() with the place of each event (from 0,
 * in the order of lines_add()) that contradicts the stored line. */
enum error lines_store(struct db *db, struct lines *l, void (*differs)(size_t place, void *context),
	void *context) MUST_CHECK;

/* ---- rebuilding a wallet's lines from the ledger, as the database's owner ---- */

/* Stores the batch, which is of one wallet, and replaces lines that differ. Sets *changed to how
 * many. */
enum error lines_replace(struct db *db, struct lines *l, int64_t *changed) MUST_CHECK;
/* Keeps the consumer from the wallet until the transaction ends. */
enum error lines_lock(struct db *db, const struct uuid *wallet) MUST_CHECK;
/* Removes what follows `last`, the wallet's last row in the ledger (0: no such wallet). Call it
 * under lines_lock(), once all lines up to `last` are stored. */
enum error lines_cut(struct db *db, const struct uuid *wallet, int64_t last,
	int64_t *removed) MUST_CHECK;

#endif
