/* limits.h - limits of wallets and currencies: how far below zero, how much at once, a day, a
 * month. */
#ifndef DOMAIN_LEDGER_LIMITS_H
#define DOMAIN_LEDGER_LIMITS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/bind.h"
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
	bool has_amount;          /* false: no such limit, whatever the currency says */
	struct money amount;
	/* Of limits in force. */
	const char *source;       /* wallet or currency; else NULL */
	bool has_used;            /* for a day or a month */
	struct money used;
	instant_us frees_at;
};

struct limits {
	bool has_credit;
	struct money credit;
	size_t count;
	struct limit list[LIMITS_MAX];
};

/* Those in force for a wallet. Text is in the arena; ERR_TOO_LARGE: it is full. */
enum error limits_of_wallet(struct db_pool *p, const struct uuid *wallet, struct arena *arena,
	struct limits *l) MUST_CHECK;
enum error limits_of_currency(struct db_pool *p, const char *currency, struct limits *l) MUST_CHECK;
enum error limits_of_currency_set(struct db_pool *p, const char *currency,
	const struct limits *l) MUST_CHECK;

/* ---- as JSON ---- */

/* The body of PUT …/limits; of a wallet's also `reason`, which a currency's has not (NULL), while
 * each of its limits needs an amount. Every fault in *f. */
enum error limits_read(const json_t *body, struct limits *l, const char **reason,
	struct faults *f) MUST_CHECK;
/* The array `limits` of an answer. */
json_t *limits_json(const struct limits *l);

/* ---- as the three arrays that the functions of the database take ---- */

struct limit_arrays {
	struct db_array kinds, periods, amounts;
};
struct limit_arrays limit_arrays_make(const struct limits *l);
void limit_arrays_free(struct limit_arrays *a);

#endif
