/* limits.h - limits of wallets and currencies: the credit limit, and how much per transaction, day
 * and month. */
#ifndef DOMAIN_LEDGER_LIMITS_H
#define DOMAIN_LEDGER_LIMITS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/bind.h"
#include "common/base/caller.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/ledger/kinds.h"

#define LIMIT_PERIODS 3
#define LIMITS_MAX (LIMIT_KINDS * LIMIT_PERIODS)

extern const char *const limit_periods[]; /* transaction, day, month, NULL */

struct limit {
	const char *kind, *per;   /* from limit_kinds and limit_periods */
	bool has_amount;          /* false: no limit, even if the currency has one */
	struct money amount;
	/* Only for limits in force: */
	const char *source;       /* wallet or currency; else NULL */
	bool has_used;            /* per day or month */
	struct money used;
	instant_us frees_at;
};

/* As read from a request, or as stored. A wallet's request without `has_credit` leaves its credit
 * limit as it is. */
struct limits {
	bool has_credit;
	struct money credit;
	size_t count;
	struct limit list[LIMITS_MAX];
};

/* The limits in force for a wallet. Text is in the arena; ERR_TOO_LARGE if that is full.
 * ERR_UNAVAILABLE: their usage is not added up yet; call again. */
enum error limits_of_wallet(struct db_pool *p, const struct uuid *wallet, struct arena *arena,
	struct limits *l) MUST_CHECK;
/* The defaults of a currency: read them, and replace them all. An unset currency has no limits, and
 * no credit. */
enum error limits_of_currency(struct db_pool *p, const char *currency, struct limits *l) MUST_CHECK;
/* Replaces them; the history says who did it. */
enum error limits_of_currency_set(struct db_pool *p, const char *currency, const struct limits *l,
	const struct caller *caller) MUST_CHECK;

/* ---- as JSON ---- */

/* Reads the body of PUT …/limits. For a wallet that includes `reason`. For a currency pass NULL: it
 * has no reason, and each of its limits needs an amount. All faults go to *f. */
enum error limits_read(const json_t *body, struct limits *l, const char **reason,
	struct faults *f) MUST_CHECK;
/* The array `limits` of a response. */
json_t *limits_json(const struct limits *l);

/* ---- as the three array parameters of the SQL functions ---- */

struct limit_arrays {
	struct db_array kinds, periods, amounts;
};
/* limit_arrays_free() frees what limit_arrays_make() returns. */
struct limit_arrays limit_arrays_make(const struct limits *l);
void limit_arrays_free(struct limit_arrays *a);

#endif
