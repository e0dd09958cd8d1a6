/* ledger.h - the wallet's domain: operations go in by batches, postings or refusals come out.
 *
 * Both doors, the HTTP handlers and transaction_consumer, post through ledger_post(). It is one call of the SQL
 * function post(): one round trip, one commit, 1 … LEDGER_BATCH_MAX operations that do not disturb each other.
 * Nothing here knows HTTP or AMQP. */
#ifndef WALLET_LEDGER_H
#define WALLET_LEDGER_H

#include <jansson.h>

#include "common/bind.h"
#include "common/clock.h"
#include "common/db.h"
#include "common/error.h"
#include "common/money.h"
#include "common/uuid.h"

#define LEDGER_BATCH_MAX 512
#define LEDGER_FINGERPRINT 32

enum kind {
	KIND_OPENING,
	KIND_DEPOSIT,
	KIND_WITHDRAWAL,
	KIND_PURCHASE,
	KIND_CANCELLATION,
	KIND_REVERSAL,
};

/* Public names by enum kind, ends with NULL. */
extern const char *const kind_names[];

/* What somebody wants done. Text is borrowed, and must live until the outcome is read. */
struct operation {
	struct uuid id;              /* of the transaction to be; made by operation_init() */
	bool has_wallet;             /* false: the owner's oldest wallet */
	struct uuid wallet;
	bool has_owner;              /* on whose behalf; without one the wallet alone decides (trusted doors only) */
	struct uuid owner;
	unsigned roles;              /* enum role, of who asks */
	bool open_missing;           /* a deposit opens a first wallet for an owner who has none (the event door; the first
	                                operation of a batch speaks for all) */
	enum kind kind;
	struct money amount;         /* minor 0: undo what is left */
	bool has_reference;
	struct uuid reference;
	const char *key;             /* idempotency key; NULL: none */
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of what was asked; with a key only */
	const char *merchant, *description;
	const char *metadata;        /* compact JSON object, or NULL */
};

/* A transaction as it stands in the ledger. Text lives in the arena given to ledger_post(). */
struct posting {
	struct uuid id, wallet, owner;
	enum kind kind;
	struct money amount;         /* signed: what it did to the balance */
	struct money balance_after;
	int64_t version;
	char currency[4];
	bool has_reference;
	struct uuid reference;
	const char *merchant, *description, *metadata;
	instant_us created_at;
};

struct outcome {
	enum error error;            /* OK: posted, else refused and the posting is empty */
	bool replayed;               /* the posting of an earlier operation with the same key */
	struct posting posting;
	/* Of a refusal for lack of funds. */
	struct money available, held, required;
};

struct operation operation_zero(void); /* everything empty, id made */

/* Reads the members of POST /v1/transactions (also: data of transaction_emitted) into *op and checks what can be
 * checked without the ledger: amounts, what a kind needs, lengths. Faults go to *f. `text` members borrow from data;
 * metadata is dumped into the arena. user_id is read where `door_is_trusted`, and idempotency_key too. */
enum error operation_read(const json_t *data, bool door_is_trusted, struct arena *arena, struct operation *op,
	struct faults *f) MUST_CHECK;

/* The fingerprint of what op asks for: equal for equal requests, whatever the order of members or the white space. */
void operation_fingerprint(struct operation *op);

/* The statements that a connection for the functions below must be opened with. */
extern const struct db_statement ledger_statements[];
extern const size_t ledger_statement_count;

/* Posts count operations; outcomes[i] answers operations[i]. OK means that the database has committed, whatever the
 * single outcomes say; anything else that nothing is known, and that the call may be repeated with the same
 * operations and again = true (their ids and keys keep it from doubling). */
enum error ledger_post(struct db *db, const struct operation *const operations[], size_t count, bool again,
	struct arena *arena, struct outcome outcomes[]) MUST_CHECK;

/* Frees what ledger_post() keeps for the calling thread; for threads that end before the program. */
void ledger_thread_end(void);

/* A posting out of a row whose columns, from `first` on, are id, wallet_id, owner_id, kind, amount, currency,
 * balance_after, version, reference_id, merchant, description, metadata, created_at. */
enum error posting_from_row(const struct db_rows *rows, size_t row, size_t first, struct arena *arena,
	struct posting *p) MUST_CHECK;

/* The API's form of a posting (amount without its sign), members in the contract's order. Caller owns. */
json_t *posting_json(const struct posting *p);

#endif
