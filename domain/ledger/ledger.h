/* ledger.h - the wallet's domain: operations go in by batches, postings or refusals come out.
 *
 * Both doors, the HTTP handlers and transaction_consumer, post through ledger_post(). It is one call of the SQL
 * function post(): one round trip, one commit, 1 … LEDGER_BATCH_MAX operations that do not disturb each other.
 * Nothing here knows HTTP or AMQP. */
#ifndef DOMAIN_LEDGER_LEDGER_H
#define DOMAIN_LEDGER_LEDGER_H

#include <jansson.h>

#include "common/base/bind.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/uuid.h"
#include "common/db/db.h"

#define LEDGER_BATCH_MAX 1000
#define LEDGER_FINGERPRINT 32

enum kind {
	KIND_OPENING,
	KIND_DEPOSIT,
	KIND_WITHDRAWAL,
	KIND_PURCHASE,
	KIND_CANCELLATION,
	KIND_REVERSAL,
	KIND_HOLD,
	KIND_CAPTURE,
	KIND_RELEASE,
	KIND_TRANSFER,
	/* What an operator does to a wallet: rows of its history that move nothing. */
	KIND_FREEZE,
	KIND_UNFREEZE,
	KIND_CLOSE,
	KIND_LIMIT,
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
	struct money amount;         /* minor 0: all that is left of the original, or of the hold */
	bool has_reference;
	struct uuid reference;
	bool has_to;                 /* transfer: to whom */
	struct uuid to;
	instant_us expires_at;       /* hold; 0: after HOLD_TIME */
	bool keeps_rest;             /* capture: what is not captured stays held */
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
	struct money held_change;    /* signed: what it did to what is held */
	struct money balance_after;
	int64_t version;
	char currency[4];
	bool has_reference;
	struct uuid reference;
	bool has_counterpart;        /* of a transfer: the other side's wallet and its transaction */
	struct uuid counterpart_wallet, counterpart;
	const char *merchant, *description, *metadata;
	instant_us created_at;
	instant_us expires_at;       /* of a hold; else 0 */
};

struct outcome {
	enum error error;            /* OK: posted, else refused and the posting is empty */
	bool replayed;               /* the posting of an earlier operation with the same key */
	struct posting posting;
	/* Of a refusal for lack of funds. */
	struct money available, held, required;
	const char *refusal;         /* more about it: a JSON object, or NULL */
};

struct operation operation_zero(void); /* everything empty, id made */

/* Where an operation comes in, and so what it may say beside itself: nothing; its idempotency key (in a batch); that
 * and on whose behalf (events, whose publishers are trusted). */
enum door { DOOR_REQUEST, DOOR_BATCH, DOOR_EVENT };

/* Reads the members of POST /v1/transactions (also: data of transaction_emitted) into *op and checks what can be
 * checked without the ledger: amounts, what a kind needs, lengths. Faults go to *f, their pointers behind `prefix`. `text`
 * members borrow from data; metadata is dumped into the arena. A key that comes from elsewhere than data is set before. */
enum error operation_read(const json_t *data, enum door door, const char *prefix, struct arena *arena,
	struct operation *op, struct faults *f) MUST_CHECK;

/* What the ledger found invalid in op, which the door could not know, as a fault of its member: a hold whose time is over, a
 * transfer to the very wallet that was left to be found. Always ERR_INVALID_REQUEST. */
enum error operation_fault(const struct operation *op, const char *prefix, struct faults *f) MUST_CHECK;

/* The fingerprint of what op asks for: equal for equal requests, whatever the order of members or the white space. */
void operation_fingerprint(struct operation *op);

/* Posts count operations; outcomes[i] answers operations[i]. OK means that the database has committed, whatever the
 * single outcomes say; anything else that nothing is known, and that the call may be repeated with the same
 * operations and again = true (their ids and keys keep it from doubling). */
enum error ledger_post(struct db *db, const struct operation *const operations[], size_t count, bool again,
	struct arena *arena, struct outcome outcomes[]) MUST_CHECK;

/* The idempotency key of a whole batch: who asks, and what for. The operations have keys of their own. */
struct batch_key {
	struct uuid owner;
	const char *key;
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of the body */
};

/* The same as one database transaction with an end of one's choice: every posting for itself (as ledger_post does);
 * all or none (one refusal, and nothing is posted); or none at all: what would happen. *posted: whether it stays.
 * key may be NULL; ERR_IDEMPOTENCY_KEY_REUSED: it stands for another batch. */
enum ending { END_EACH, END_ATOMIC, END_DRY };
enum error ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena, struct outcome outcomes[],
	bool *posted) MUST_CHECK;

/* Frees what ledger_post() keeps for the calling thread; for threads that end before the program. */
void ledger_thread_end(void);

/* An outcome from a row that has the OUTCOME_COLUMNS, for the functions of the database that answer as post() does. */
#define OUTCOME_COLUMNS "op_id, status, available, held, required, refusal, " POSTING_COLUMNS
enum error outcome_from_row(const struct db_rows *rows, size_t row, struct arena *arena, struct outcome *out) MUST_CHECK;

/* A posting out of a row that has the POSTING_COLUMNS from `first` on. ERR_OVERLOADED: the arena is full. */
#define POSTING_COLUMNS                                                                                                \
	"id, wallet_id, owner_id, kind, amount, currency, balance_after, version, reference_id, merchant, description,"  \
	" metadata, created_at, held_change, counterpart_wallet, counterpart_id, expires_at"
#define POSTING_COLUMN_COUNT 17
enum error posting_from_row(const struct db_rows *rows, size_t row, size_t first, struct arena *arena,
	struct posting *p) MUST_CHECK;

/* The API's form of a posting as JSON, members in the contract's order: the amount without its sign (of what is held,
 * where the balance did not move), then what only some kinds have; an event's has the owner besides. */
void posting_write(struct text *t, const struct posting *p, bool with_owner);

#endif
