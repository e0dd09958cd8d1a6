/* attempts.h - throttles failed sign-ins with exponential backoff, for any address.
 *
 * E-mail addresses without an account are throttled alike, so throttling does not reveal which have
 * one. A client's network address plays no part here: the front limits its connections. */
#ifndef DOMAIN_IDENTITY_ATTEMPTS_H
#define DOMAIN_IDENTITY_ATTEMPTS_H

#include "domain/identity/auth.h"

#define ATTEMPT_KEY 32

/* The delay after that many failures: 0 below SIGN_IN_FREE_ATTEMPTS, then SIGN_IN_DELAY, doubled
 * with each further failure up to SIGN_IN_DELAY_MAX. */
int64_t attempt_delay_ms(int64_t failures);
/* Fills auth->delays up to the maximum delay. Call before starting threads. */
bool attempts_start(struct auth *auth) MUST_CHECK;

/* The lower-case address, hashed with our secret: the table does not reveal addresses. */
void attempt_key(const struct auth *auth, const char *email, unsigned char key[ATTEMPT_KEY]);
/* Counts an attempt as failed before it is made. ERR_TOO_MANY_ATTEMPTS sets *wait_s, the seconds to
 * wait. */
enum error attempt_begin(struct auth *auth, const unsigned char key[ATTEMPT_KEY],
	int64_t *wait_s) MUST_CHECK;
/* The attempt was never made: uncounts it, but not the ones before it. */
void attempt_undo(struct auth *auth, const unsigned char key[ATTEMPT_KEY]);
/* The attempt succeeded: clears the count. */
enum error attempts_forget(struct auth *auth, const unsigned char key[ATTEMPT_KEY]) MUST_CHECK;
/* The count is forgotten after this long without an attempt. */
int64_t attempt_memory_ms(void);

#endif
