/* operation.h - what somebody asks of the ledger: read from JSON, and its fingerprint. */
#ifndef DOMAIN_LEDGER_OPERATION_H
#define DOMAIN_LEDGER_OPERATION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/bind.h"
#include "common/base/caller.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/base/uuid.h"
#include "domain/ledger/kinds.h"

#define LEDGER_FINGERPRINT 32

/* Text is borrowed, and must live until the outcome is read. */
struct operation {
	struct uuid id;              /* of the transaction to be; made by operation_zero() */
	bool has_wallet;             /* false: the owner's oldest wallet */
	struct uuid wallet;
	bool has_owner;              /* on whose behalf; false: the wallet decides (trusted only) */
	struct uuid owner;
	unsigned roles;              /* enum role, of the caller */
	bool open_missing;           /* a deposit opens a first wallet for an owner who has none (of
	                                events; the first operation of a batch speaks for all) */
	enum kind kind;
	bool has_amount;             /* false: all that is left of the original, or of the hold */
	struct money amount;         /* 0 if absent */
	bool has_reference;
	struct uuid reference;
	bool has_counterpart;        /* transfer: the other side's wallet */
	struct uuid counterpart;
	bool has_expires_at;         /* hold; false: after HOLD_TIME */
	instant_us expires_at;       /* 0 if absent */
	bool final;                  /* capture: what is not captured is released */
	const char *key;             /* idempotency key, or NULL */
	unsigned char fingerprint[LEDGER_FINGERPRINT]; /* of what was asked; with a key only */
	const char *merchant, *description; /* or NULL */
	const char *metadata;        /* compact JSON object, or NULL */
};

struct operation operation_zero(void); /* everything empty, final, id made */

/* Where an operation comes in, and so which members it may have: its own only; its idempotency key
 * (in a batch); the key and the owner (events, whose publishers are trusted). */
enum door { DOOR_REQUEST, DOOR_BATCH, DOOR_EVENT };

/* Reads the members of POST /v1/transactions (also: data of transaction_emitted) into *op, and
 * checks what can be checked without the ledger: amounts, what a kind needs, lengths. Faults go to
 * *f, their pointers behind `prefix`. `text` members borrow from data; metadata is dumped into the
 * arena. Set a key that comes from elsewhere before. */
enum error operation_read(const json_t *data, enum door door, const char *prefix,
	struct arena *arena,
	struct operation *op, struct faults *f) MUST_CHECK;

/* Puts the caller's name to it, and fingerprints it. */
void operation_by(struct operation *op, const struct caller *caller);

/* What the ledger found invalid in op, which the door could not know, as a fault of its member: an
 * expired hold, a transfer to the very wallet that was left to be found. Always
 * ERR_INVALID_REQUEST. */
enum error operation_fault(const struct operation *op, const char *prefix,
	struct faults *f) MUST_CHECK;

/* The fingerprint of what op asks for: equal for equal requests, whatever the order of members or
 * the white space. */
void operation_fingerprint(struct operation *op);

#endif
