/* kinds.c - the tables generated from kinds.def. */
#include "domain/ledger/kinds.h"

#include <stddef.h>

const char *const kind_names[] = {
#define KIND(id, name, ...) [KIND_##id] = name,
#include "domain/ledger/kinds.def"

#undef KIND
	NULL
};

#define IS_PLAIN true
#define IS_FULL false

const struct kind_rule kind_rules[] = {
#define KIND(id, name, by, amount_, reference_, counterpart_, expires_, final_, limits, arrays)    \
	[KIND_##id] = { .amount = NEEDS_##amount_,                                                 \
		.reference = NEEDS_##reference_,                                                   \
		.counterpart = NEEDS_##counterpart_,                                               \
		.expires = NEEDS_##expires_,                                                       \
		.final = NEEDS_##final_,                                                           \
		.plain = IS_##arrays },
#include "domain/ledger/kinds.def"

#undef KIND
};

/* Both lists of choices have an element for each REQUESTED row, so they are parallel by
 * construction. */
#define IF_REQUESTED(value) value,
#define IF_CHANGED(value)
#define IF_OPENED(value)

const char *const kind_choices[] = {
#define KIND(id, name, by, ...) IF_##by(name)
#include "domain/ledger/kinds.def"

#undef KIND
	NULL
};

static const enum kind requested[] = {
#define KIND(id, name, by, ...) IF_##by(KIND_##id)
#include "domain/ledger/kinds.def"

#undef KIND
};

#define CHOICES (sizeof requested / sizeof requested[0])
_Static_assert(sizeof kind_choices / sizeof kind_choices[0] == CHOICES + 1, "a kind per choice");

enum kind
kind_of_choice(int64_t choice)
{
	return requested[choice];
}

#define IF_LIMITED(value) value,
#define IF_UNLIMITED(value)

const char *const limit_kinds[] = {
#define KIND(id, name, by, amount, reference, counterpart, expires, final, limits, arrays)         \
	IF_##limits(name)
#include "domain/ledger/kinds.def"

#undef KIND
	NULL
};
