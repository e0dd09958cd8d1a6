/* limits.h - what an operator says about a wallet: frozen or closed, how far it may go, how much at once, a day, a month. */
#ifndef DOMAIN_LEDGER_LIMITS_H
#define DOMAIN_LEDGER_LIMITS_H

#include "domain/ledger/ledger.h"

#define LIMITS_MAX 18 /* six kinds, three periods */

extern const char *const limit_kinds[];   /* ends with NULL */
extern const char *const limit_periods[]; /* transaction, day, month, NULL */

struct limit {
	const char *kind, *per;
	bool unlimited;           /* no such limit for this wallet, whatever the currency says */
	struct money amount;
	/* Of limits in force, for a day or a month; else has_used is false. */
	const char *source;       /* wallet or currency */
	bool has_used;
	struct money used;
	instant_us frees_at;
};

struct limits {
	bool has_credit;
	struct money credit;
	size_t count;
	struct limit list[LIMITS_MAX];
};

/* What an operator does: freeze, unfreeze, close, or new limits. It becomes a row of the wallet's history. */
struct change {
	struct uuid id, wallet;
	unsigned roles;
	enum kind kind;
	const char *mode;         /* freeze: debit or both */
	const char *reason, *key;
	const struct limits *limits; /* KIND_LIMIT only */
	unsigned char fingerprint[LEDGER_FINGERPRINT];
};

/* Text of the results is in the arena. */
enum error wallet_change(struct db_pool *p, struct change *c, struct arena *arena, struct outcome *out) MUST_CHECK;
enum error limits_of_wallet(struct db_pool *p, const struct uuid *wallet, struct arena *arena, struct limits *l) MUST_CHECK;
enum error limits_of_currency(struct db_pool *p, const char *currency, struct limits *l) MUST_CHECK;
enum error limits_of_currency_set(struct db_pool *p, const char *currency, const struct limits *l) MUST_CHECK;

#endif
