/* accounts.h - creates, finds, renames and authenticates accounts. Independent of HTTP. */
#ifndef DOMAIN_IDENTITY_ACCOUNTS_H
#define DOMAIN_IDENTITY_ACCOUNTS_H

#include <jansson.h>

#include "common/base/arena.h"
#include "domain/identity/auth.h"
#include "domain/identity/client.h"

#define EMAIL_MAX 254 /* RFC 5321, 4.5.3.1.3, without the angle brackets */
#define DISPLAY_NAME_MAX 100

/* The strings belong to the arena passed to the function that read the account. */
struct account {
	struct uuid id;
	const char *email, *name; /* name may be NULL */
	const char *password_hash;
	unsigned roles;
	instant_us created_at;
};

/* NULL if the value is valid, else what is wrong with it ("must …"). */
const char *email_fault(const char *email);
const char *name_fault(const char *name);

/* The caller has validated email, name and password, and prepared it (password_text.h). Fails with
 * ERR_EMAIL_TAKEN or ERR_OVERLOADED. */
enum error account_create(struct auth *auth, struct arena *arena, const char *email,
	const char *name, const char *password, const struct client *client,
	struct account *out) MUST_CHECK;
/* ERR_NOT_FOUND if there is no such account. */
enum error account_find(struct auth *auth, struct arena *arena, const struct uuid *id,
	struct account *out) MUST_CHECK;
enum error account_rename(struct auth *auth, struct arena *arena, const struct uuid *id,
	const char *name, struct account *out) MUST_CHECK;

/* Checks the password of an account. ERR_INVALID_CREDENTIALS takes the same time whether or not the
 * account exists. ERR_TOO_MANY_ATTEMPTS sets *wait_s. ERR_OVERLOADED does not count as an
 * attempt. */
enum error account_authenticate(struct auth *auth, struct arena *arena, const char *email,
	const char *password, const struct client *client, struct account *out,
	int64_t *wait_s) MUST_CHECK;
/* In a transaction: locks an account that has just been authenticated. ERR_INVALID_CREDENTIALS if
 * its password has changed since. */
enum error account_lock(struct db *db, const struct account *account) MUST_CHECK;

/* {id,email,name,roles,created_at}; NULL if out of memory. */
json_t *account_json(const struct account *a);

#endif
