/* outcome.h - the outcome of an operation: a transaction, or the reason for refusing it. */
#ifndef DOMAIN_LEDGER_OUTCOME_H
#define DOMAIN_LEDGER_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/db/db.h"
#include "domain/ledger/transaction.h"

struct outcome {
	struct uuid operation;       /* the id of its operation */
	enum error error;            /* OK: posted; else refused, and the transaction is empty */
	bool replayed;               /* the transaction of an earlier operation with the same key */
	struct transaction transaction;
	/* Only for ERR_INSUFFICIENT_FUNDS: */
	struct money available, held, required;
	const char *refusal;         /* details of a refusal: a JSON object, or NULL */
};

/* What to select from SQL functions that return the type outcome, such as post(). Columns are found
 * by name, so their order is free. */
#define OUTCOME_COLUMNS "op_id, error, available, held, required, refusal, " TRANSACTION_COLUMNS

/* ERR_INTERNAL if the arena is full: the transaction may be committed, so the reply must not claim
 * that nothing happened. */
enum error outcome_read(const struct db_rows *rows, size_t row, struct arena *arena,
	struct outcome *out) MUST_CHECK;

/* Copies an outcome, and its texts into `arena`. ERR_INTERNAL if that is full, for the same
 * reason. */
enum error outcome_copy(const struct outcome *from, struct arena *arena,
	struct outcome *to) MUST_CHECK;

/* Checks outcomes in the order in which post() decided them. Returns the index of the first that
 * does not follow from those before it, or `count`. An outcome follows if its version is the next
 * of its wallet, and its balance is the last balance plus its amount. Only for operations posted
 * for the first time: a repeated call can return some from before, and some from now. */
size_t outcomes_follow(const struct outcome *const outcomes[], size_t count) MUST_CHECK;

#endif
