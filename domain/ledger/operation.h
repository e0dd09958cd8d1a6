/* operation.h - an operation requested of the ledger: reading it from JSON, and its fingerprint. */
#ifndef DOMAIN_LEDGER_OPERATION_H
#define DOMAIN_LEDGER_OPERATION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/bind.h"
#include "common/base/caller.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/json_text.h"
#include "common/base/money.h"
#include "common/base/uuid.h"
#include "domain/ledger/kinds.h"

#define LEDGER_FINGERPRINT 32

/* Text is borrowed, and must outlive the call that posts the operation. */
struct operation {
	struct uuid id;              /* of the future transaction; made by operation_zero() */
	bool has_wallet;             /* false: the owner's oldest wallet */
	struct uuid wallet;
	bool has_owner;              /* on whose behalf; false: the wallet's owner (trusted only) */
	struct uuid owner;
	unsigned roles;              /* enum role, of the caller */
	bool owner_only;             /* the wallet must be the owner's, whatever the roles */
	const char *request_id;      /* of a caller who may act by their role; else NULL */
	bool open_missing;           /* a deposit opens a first wallet for an owner who has none
	                                (events; the first operation decides for its batch) */
	enum kind kind;
	bool has_amount;             /* false: all that remains of the original, or of the hold */
	struct money amount;         /* 0 if absent */
	bool has_reference;
	struct uuid reference;
	bool has_counterpart;        /* transfer: the other side's wallet */
	struct uuid counterpart;
	bool has_expires_at;         /* hold; false: after HOLD_TIME */
	instant_us expires_at;       /* 0 if absent */
	bool final;                  /* capture: release the rest of the hold */
	const char *key;             /* idempotency key, NULL if absent */
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of the request; used only with a key */
	const char *merchant, *description; /* NULL if absent */
	const char *metadata;        /* compact JSON object, its numbers as sent; NULL if absent */
};

struct operation operation_zero(void); /* empty, but with a new id, and final */

/* Where an operation comes from, and so which members it can have in addition to its own: none; the
 * idempotency key (in a batch); the key and the owner (events, whose publishers are trusted). */
enum origin { ORIGIN_REQUEST, ORIGIN_BATCH, ORIGIN_EVENT };

/* Reads the members of POST /v1/transactions, or the data of transaction_emitted, into *op. Checks
 * what it can without the database: amounts, lengths, and what the kind requires. Faults go to *f,
 * with `prefix` before their pointers. Text is borrowed from `data`; the metadata are copied to the
 * arena. If the key comes from elsewhere, set it before. */
enum error operation_read(const struct json_sent *data, enum origin origin, const char *prefix,
	struct arena *arena, struct operation *op, struct faults *f) MUST_CHECK;

/* Sets the caller on whose behalf it is posted, and the fingerprint. If the caller has a role that
 * reaches other wallets, the row will say who acted, and in which request. */
void operation_set_caller(struct operation *op, const struct caller *caller);

/* Adds the fault that only the ledger could find in op: an expired hold, or a transfer to the
 * wallet that post() found for the sender. Always returns ERR_INVALID_REQUEST. */
enum error operation_fault(const struct operation *op, const char *prefix,
	struct faults *f) MUST_CHECK;

/* Fingerprints the request: equal requests have equal fingerprints, whatever their white space and
 * the order of their members. */
void operation_fingerprint(struct operation *op);

#endif
