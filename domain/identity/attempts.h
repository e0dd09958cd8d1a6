/* attempts.h - failed sign-ins slow an account down, exponentially, whether it exists or not. */
#ifndef DOMAIN_IDENTITY_ATTEMPTS_H
#define DOMAIN_IDENTITY_ATTEMPTS_H

#include "domain/identity/auth.h"

#define ATTEMPT_KEY 32

/* How long nobody may try after that many failures: 0 up to SIGN_IN_FREE_ATTEMPTS - 1, then
 * SIGN_IN_DELAY, doubled with each further one, at most SIGN_IN_DELAY_MAX. */
int64_t attempt_delay_ms(int64_t failures);
/* Fills auth->delays with them, as far as they grow. Before any thread is made. */
bool attempts_start(struct auth *auth) MUST_CHECK;

/* The address in small letters, hashed with our secret. */
void attempt_key(const struct auth *auth, const char *email, unsigned char key[ATTEMPT_KEY]);
/* Counts an attempt as failed, before it is made. ERR_TOO_MANY_ATTEMPTS, with *wait_s the seconds
 * to wait. */
enum error attempt_begin(
	struct auth *auth, const unsigned char key[ATTEMPT_KEY], int64_t *wait_s) MUST_CHECK;
/* It was never made: it counts no more, those before it do. */
void attempt_take_back(struct auth *auth, const unsigned char key[ATTEMPT_KEY]);
/* It succeeded after all. */
enum error attempts_forget(struct auth *auth, const unsigned char key[ATTEMPT_KEY]) MUST_CHECK;
/* After this long without an attempt an account starts again. */
int64_t attempt_memory_ms(void);

#endif
