/* kinds.h - the kinds of transactions, and what each requires; all of it comes from kinds.def. */
#ifndef DOMAIN_LEDGER_KINDS_H
#define DOMAIN_LEDGER_KINDS_H

#include <stdbool.h>
#include <stdint.h>

/* Never stored or sent as numbers: the database and the API use the names. */
enum kind {
#define KIND(id, ...) KIND_##id,
#include "domain/ledger/kinds.def"

#undef KIND
};

/* Public names by enum kind; ends with NULL. */
extern const char *const kind_names[];

/* Whether a request of a kind must, can or must not have a member. */
enum need { NEEDS_NEVER, NEEDS_MAY, NEEDS_MUST };

struct kind_rule {
	enum need amount, reference, counterpart, expires, final;
	bool plain; /* post() needs none of the arrays for counterpart, expiry and final */
};
extern const struct kind_rule kind_rules[]; /* by enum kind */

/* The kinds that a client can request: their names for a FIELD_CHOICE, and the kind of each. */
extern const char *const kind_choices[]; /* ends with NULL */
/* `choice` is an index into kind_choices, as bind.h reads it. */
enum kind kind_of_choice(int64_t choice);

/* The names of the kinds that limits can apply to, and their number. */
extern const char *const limit_kinds[]; /* ends with NULL */
enum {
#define COUNT_LIMITED +1
#define COUNT_UNLIMITED
#define KIND(id, name, by, amount, reference, counterpart, expires, final, limits, arrays)         \
	COUNT_##limits
	LIMIT_KINDS = 0
#include "domain/ledger/kinds.def"

#undef KIND
#undef COUNT_LIMITED
#undef COUNT_UNLIMITED
};

#endif
