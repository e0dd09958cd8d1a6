/* emitted.h - transaction_emitted: turns each accepted body into a ledger operation. Pure: no AMQP,
 * no database.
 *
 * It accepts data in our own format and in the original system's, each bare or in an envelope
 * (CloudEvents, NestJS, or both). The attributes of a CloudEvents event can also be in the
 * message's headers, with the data alone as the body (binary mode).
 *
 * The original system counts in major units, so what its decimal amount means depends on the
 * wallet's currency: emitted_read() keeps it as text, and emitted_amount() converts it to minor
 * units. */
#ifndef DOMAIN_LEDGER_EMITTED_H
#define DOMAIN_LEDGER_EMITTED_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/ledger/emitted_head.h"
#include "domain/ledger/operation.h"

#define EMITTED_MAJOR 40
#define EMITTED_KEY 48 /* of a digest as text */

struct emitted {
	struct event event;         /* owns the text that op points into */
	struct operation op;
	bool by_reference;          /* an undo: the original decides which wallet */
	bool has_major;             /* false: op.amount is already set, or absent */
	char major[EMITTED_MAJOR];  /* the amount as a decimal */
	const char *currency;       /* of its wallet; NULL until found, see emitted_wallets.h */
	char key[EMITTED_KEY];      /* a key made from the id; op.key points to it */
	const char *id_key;         /* the key that such an event had before, or NULL; see
	                             * emitted_keys.h */
};

/* Reads a body. An error is permanent: the message becomes a dead letter with `reason`. The arena,
 * `body` and the texts of `head` must outlive the result. Call emitted_free() only after OK. */
enum error emitted_read(const char *body, size_t bytes, const struct emitted_head *head,
	struct arena *arena, struct emitted *m, char reason[EVENT_REASON]) MUST_CHECK;
/* Converts the amount to minor units of `currency`, unless it already is, and fingerprints the
 * operation. */
enum error emitted_amount(struct emitted *m, const char *currency,
	char reason[EVENT_REASON]) MUST_CHECK;
/* The id of this event's rejection: equal requests have equal ids. Only after emitted_amount(). */
struct uuid emitted_rejection_id(const struct emitted *m);
void emitted_free(struct emitted *m);

#endif
