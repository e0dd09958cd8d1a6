/* accounts.h - accounts: made, found, renamed, and proved by their password. Knows nothing of HTTP.
 */
#ifndef DOMAIN_IDENTITY_ACCOUNTS_H
#define DOMAIN_IDENTITY_ACCOUNTS_H

#include <jansson.h>

#include "common/base/arena.h"
#include "domain/identity/auth.h"

#define EMAIL_MOST 254 /* RFC 5321, 4.5.3.1.3, without the angle brackets */
#define NAME_MOST 100

/* Text lives in the arena that it was read with. */
struct account {
	struct uuid id;
	const char *email, *name; /* name may be NULL */
	const char *password_hash;
	unsigned roles;
	instant_us created_at;
};

/* NULL where the text is an address or a name, else what is wrong with it ("must …"). */
const char *email_fault(const char *email);
const char *name_fault(const char *name);

/* ERR_EMAIL_TAKEN, ERR_OVERLOADED. The caller has checked email, name and password. */
enum error account_create(struct auth *auth, struct arena *arena, const char *email,
	const char *name, const char *password, struct account *out) MUST_CHECK;
/* ERR_NOT_FOUND where there is none. */
enum error account_find(struct auth *auth, struct arena *arena, const struct uuid *id,
	struct account *out) MUST_CHECK;
enum error account_rename(struct auth *auth, struct arena *arena, const struct uuid *id,
	const char *name, struct account *out) MUST_CHECK;

/* Is this the password of that address? ERR_INVALID_CREDENTIALS, in the same time whether the
 * account exists or not; ERR_TOO_MANY_ATTEMPTS with *wait_s; ERR_OVERLOADED, which is no attempt.
 * After OK the failures still count: session_open() or attempts_forget() takes them back. */
enum error account_prove(struct auth *auth, struct arena *arena, const char *email,
	const char *password, struct account *out, int64_t *wait_s) MUST_CHECK;
/* Inside a transaction: locks an account just proved. ERR_INVALID_CREDENTIALS if its password was
 * changed since. */
enum error account_lock(struct db *db, const struct account *account) MUST_CHECK;

/* {id,email,name,roles,created_at}. NULL: out of memory. */
json_t *account_json(const struct account *a);

#endif
