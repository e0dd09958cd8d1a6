/* emitted.h - transaction_emitted: from each accepted body to a ledger operation. Pure: no AMQP, no
 * database.
 *
 * Accepted are the data of DESIGN.md's event, and those of the original system, each bare or in an
 * envelope (CloudEvents, NestJS, both at once). The original system counts in major units, so its
 * amount is a decimal whose meaning depends on the wallet's currency: emitted_read() leaves it as
 * text, emitted_amount() turns it into minor units. */
#ifndef DOMAIN_LEDGER_EMITTED_H
#define DOMAIN_LEDGER_EMITTED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/event.h"
#include "domain/ledger/operation.h"

#define EMITTED_MAJOR 40

struct emitted {
	struct event event;         /* owns what op's text points into */
	struct operation op;
	bool by_reference;          /* the original system's undo: its reference decides */
	bool has_major;             /* false: op.amount holds already, or is absent */
	char major[EMITTED_MAJOR];  /* the amount as a decimal */
	const char *currency;       /* of its wallet; NULL until found, see emitted_wallets.h */
};

/* Reads a body; message_id is AMQP's, or NULL. Anything but OK is for ever: a dead letter with that
 * reason. The arena and `body` must live as long as the result; emitted_free() only after OK. */
enum error emitted_read(const char *body, size_t bytes, const char *message_id, struct arena *arena,
	struct emitted *m,
	char reason[EVENT_REASON]) MUST_CHECK;
/* Puts the amount in minor units of `currency`, where that is still to do, and fingerprints the
 * operation. */
enum error emitted_amount(struct emitted *m, const char *currency,
	char reason[EVENT_REASON]) MUST_CHECK;
/* The id of the rejection of this event: the same each time the same is asked. Only after
 * emitted_amount(). */
struct uuid emitted_rejection_id(const struct emitted *m);
void emitted_free(struct emitted *m);

#endif
