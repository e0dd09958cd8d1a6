/* changes.h - an operator's changes to a wallet: freeze, unfreeze, close, set limits. Each becomes
 * a row in the wallet's history. */
#ifndef DOMAIN_LEDGER_CHANGES_H
#define DOMAIN_LEDGER_CHANGES_H

#include "domain/ledger/limits.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/outcome.h"

#define REASON_MAX 500

struct change {
	struct uuid id, wallet;
	const struct caller *caller;
	enum kind kind;
	const char *mode;            /* freeze: debit or both; else NULL */
	const char *reason, *key;    /* NULL if absent */
	const struct limits *limits; /* KIND_LIMIT only; else NULL */
	unsigned char fingerprint[LEDGER_FINGERPRINT];
};

/* Fingerprints the change as requested, for retries with the same key. Public for its test. */
void change_fingerprint(struct change *c);

/* Sets the fingerprint, and makes the change. The outcome's text is in the arena. */
enum error wallet_change(struct db_pool *p, struct change *c, struct arena *arena,
	struct outcome *out) MUST_CHECK;

#endif
