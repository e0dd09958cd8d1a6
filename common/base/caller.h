/* caller.h - who makes a request: user, session, and roles (as bits, as names, and as the database
 * and the gateway write them). */
#ifndef COMMON_BASE_CALLER_H
#define COMMON_BASE_CALLER_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/uuid.h"

/* Bits, because an account can have several. Their values are stored nowhere, but post() and its
 * callers in SQL rely on 2 and 4. */
enum role { ROLE_CUSTOMER = 1, ROLE_OPERATOR = 2, ROLE_SERVICE = 4 };

/* The other members are valid only if `known` is true, which means that a token was checked.
 * `roles` is a bitwise OR of enum role. `request` is the request's id and lives as long as it; NULL
 * outside of a request. */
struct caller {
	bool known;
	const char *request;
	struct uuid user;
	struct uuid session;
	unsigned roles;
};

/* Whether the caller can read any owner's wallets, transactions and statements: the one rule for
 * reads in all services. Writes depend on the kind (domain/ledger/kinds.def). */
static inline bool
caller_reads_all(const struct caller *c)
{
	return (c->roles & (ROLE_OPERATOR | ROLE_SERVICE)) != 0;
}

#define ROLES_TEXT 32 /* "customer,operator,service" and NUL */

/* The role with that name; 0 if there is none. */
unsigned role_from_name(const char *name);
/* Reads "customer,operator". Unknown names are ignored; NULL means no roles. */
unsigned roles_from_text(const char *text);
/* Writes the form that roles_from_text() reads; "" for no roles. */
void roles_to_text(unsigned roles, char out[ROLES_TEXT]);
/* ["customer",…] in the order of the enum. NULL: out of memory. */
json_t *roles_to_json(unsigned roles);
/* False if it is not an array of strings. Unknown names are ignored. */
bool roles_from_json(const json_t *array, unsigned *roles) MUST_CHECK;

#endif
