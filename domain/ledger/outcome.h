/* outcome.h - what came of an operation: a transaction, or why it was refused. */
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
	struct uuid operation;       /* that it answers */
	enum error error;            /* OK: posted; else refused, and the transaction is empty */
	bool replayed;               /* the transaction of an earlier operation with the same key */
	struct transaction transaction;
	/* Of a refusal for lack of funds. */
	struct money available, held, required;
	const char *refusal;         /* more about it: a JSON object, or NULL */
};

/* What to select of the functions of the database that answer as post() does. */
#define OUTCOME_COLUMNS "op_id, error, available, held, required, refusal, " TRANSACTION_COLUMNS

/* ERR_INTERNAL if the arena is full: the transaction may be committed, so no answer may say that
 * nothing happened. */
enum error outcome_read(const struct db_rows *rows, size_t row, struct arena *arena,
	struct outcome *out) MUST_CHECK;

/* A copy with its texts in `arena`. ERR_INTERNAL if that is full, for the same reason. */
enum error outcome_copy(const struct outcome *from, struct arena *arena,
	struct outcome *to) MUST_CHECK;

/* The first outcome, in the order in which post() judged them, that does not follow from those
 * before it: its version is not the next one of its wallet, or its balance not the last one and its
 * amount. `count` if all do. Only for operations posted for the first time: a repeated call may
 * answer some from before, and some from now. */
size_t outcomes_follow(const struct outcome *const outcomes[], size_t count) MUST_CHECK;

#endif
