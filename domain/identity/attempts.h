/* attempts.h - throttles failed sign-ins, so that passwords cannot be guessed and no stranger can
 * lock an owner out.
 *
 * A device that has signed in to the account before has its own count. Strangers are counted by
 * account and address, each address over all accounts, and each account over all strangers. Whether
 * there is such an account makes no difference. The counts are in the database, so they hold for
 * all processes and outlive them. */
#ifndef DOMAIN_IDENTITY_ATTEMPTS_H
#define DOMAIN_IDENTITY_ATTEMPTS_H

#include "domain/identity/auth.h"
#include "domain/identity/client.h"

#define ATTEMPT_KEY 32

/* What an attempt counts under: hashes with our secret, so the tables do not reveal addresses. */
enum attempt_kind {
	ATTEMPT_DEVICE,   /* the account and a device that it knows */
	ATTEMPT_STRANGER, /* the account and an address */
	ATTEMPT_CLIENT,   /* an address, over all accounts */
	ATTEMPT_ACCOUNT,  /* an account, over all strangers */
	ATTEMPT_KINDS
};

struct attempt {
	struct uuid account; /* all zeroes: there is no such account */
	unsigned char device[CLIENT_HASH], keys[ATTEMPT_KINDS][ATTEMPT_KEY];
	bool known; /* set by attempt_begin() */
};

/* The delay after that many failures: 0 below SIGN_IN_FREE_ATTEMPTS, then SIGN_IN_DELAY, doubled
 * with each further failure up to SIGN_IN_DELAY_MAX. */
int64_t attempt_delay_ms(int64_t failures);
/* Fills auth->delays up to the maximum delay. Call before starting threads. */
bool attempts_start(struct auth *auth) MUST_CHECK;

/* Upper and lower case of the e-mail address make no difference. */
void attempt_prepare(const struct auth *auth, const char *email, const struct uuid *account,
	const struct client *client, struct attempt *out);
/* Counts an attempt as failed before it is made. ERR_TOO_MANY_ATTEMPTS sets *wait_s, the seconds to
 * wait. */
enum error attempt_begin(struct auth *auth, struct attempt *attempt, int64_t *wait_s) MUST_CHECK;
/* The attempt was never made: uncounts it, but not the ones before it. */
void attempt_undo(struct auth *auth, const struct attempt *attempt);
/* The attempt succeeded: clears the device's count, and knows the device from now on. */
enum error attempt_succeeded(struct auth *auth, const struct attempt *attempt) MUST_CHECK;
/* The count is forgotten after this long without an attempt. */
int64_t attempt_memory_ms(void);

#endif
