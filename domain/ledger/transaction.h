/* transaction.h - a transaction as the ledger shows it: a row of the view transaction_shown, the
 * API's Transaction. */
#ifndef DOMAIN_LEDGER_TRANSACTION_H
#define DOMAIN_LEDGER_TRANSACTION_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/ledger/kinds.h"

/* Text lives in the arena that it was read with. */
struct transaction {
	struct uuid id, wallet, owner;
	enum kind kind;
	struct money amount;         /* signed: the change of the balance */
	struct money held_change;    /* signed: the change of the held amount */
	struct money balance_after;
	int64_t version;
	char currency[4];
	bool has_reference;
	struct uuid reference;
	bool has_counterpart;        /* transfer: the other side's wallet and transaction */
	struct uuid counterpart_wallet, counterpart;
	const char *merchant, *description, *metadata; /* NULL if absent */
	instant_us created_at;
	bool has_expires_at;         /* hold */
	instant_us expires_at;
	bool has_actor;              /* someone acted by their role, not as the owner */
	struct uuid actor;
	const char *request_id;      /* their request; NULL if absent */
};

/* What to select. The functions below find the columns by name, in any order, and ignore others. */
#define TRANSACTION_COLUMNS                                                                        \
	"id, wallet_id, owner_id, kind, amount, currency, balance_after, version, reference_id,"   \
	" merchant, description, metadata, created_at, held_change, counterpart_wallet,"           \
	" counterpart_id, expires_at, actor, request_id"

/* ERR_TOO_LARGE if the arena is full. */
enum error transaction_read(const struct db_rows *rows, size_t row, struct arena *arena,
	struct transaction *t) MUST_CHECK;

/* Writes the API's JSON, members in the contract's order. The amount has no sign; if the balance
 * did not change, it is the change of the held amount. Events include the owner. */
void transaction_write(struct text *text, const struct transaction *t, bool with_owner);

#endif
