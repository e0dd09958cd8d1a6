/* attempts.c - slowing sign-ins down, and sweeping up after them; see attempts.h. */
#include "domain/identity/attempts.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"

#define DELAYS_MOST 160 /* SIGN_IN_FREE_ATTEMPTS is at most 100, and a delay doubles at most 20 times */
#define SWEEP_ONE_IN 16 /* fewer sign-ins than SWEEP_SESSIONS removes sessions, so they cannot pile up */

int64_t
attempt_delay_ms(int64_t failures)
{
	int64_t over = failures - config_number(OPT_SIGN_IN_FREE_ATTEMPTS), most = config_number(OPT_SIGN_IN_DELAY_MAX);
	int64_t delay = config_number(OPT_SIGN_IN_DELAY);

	if (over < 0)
		return 0;
	while (over-- > 0 && delay < most)
		delay *= 2;
	return delay < most ? delay : most;
}

bool
attempts_start(struct auth *auth)
{
	auth->delays.element = DB_INT8_ARRAY;
	for (int64_t n = 1; n <= DELAYS_MOST; n++) {
		db_array_add_number(&auth->delays, attempt_delay_ms(n));
		if (attempt_delay_ms(n) == config_number(OPT_SIGN_IN_DELAY_MAX))
			break;
	}
	auth->delays_value = db_array(&auth->delays);
	return !auth->delays.failed;
}

void
attempt_key(const struct auth *auth, const char *email, unsigned char key[ATTEMPT_KEY])
{
	char small[256];
	size_t n = 0;

	for (; n < sizeof small && email[n] != '\0'; n++)
		small[n] = (char)tolower((unsigned char)email[n]);
	crypto_generichash(key, ATTEMPT_KEY, (const unsigned char *)small, n, auth->secret, sizeof auth->secret);
}

/* After this long without an attempt an account starts anew. */
static int64_t
forget_ms(void)
{
	return 4 * config_number(OPT_SIGN_IN_DELAY_MAX);
}

enum error
attempt_begin(struct auth *auth, const unsigned char key[ATTEMPT_KEY], int64_t *wait_s)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, ATTEMPT_BEGIN,
		DB_VALUES(db_bytes(key, ATTEMPT_KEY), auth->delays_value, db_number(forget_ms())), &rows);

	if (e != OK)
		return e;
	*wait_s = rows_number(rows, 0, 1);
	if (*wait_s < 1)
		*wait_s = 1;
	return rows_bool(rows, 0, 0) ? OK : ERR_TOO_MANY_ATTEMPTS;
}

void
attempt_take_back(struct auth *auth, const unsigned char key[ATTEMPT_KEY])
{
	enum error e = db_query(auth->pool, ATTEMPT_TAKE_BACK, DB_VALUES(db_bytes(key, ATTEMPT_KEY)), NULL);

	if (e != OK)
		log_warn("an attempt that was not made still counts (%s)", error_code(e));
}

enum error
attempts_forget(struct auth *auth, const unsigned char key[ATTEMPT_KEY])
{
	return db_query(auth->pool, ATTEMPTS_FORGET, DB_VALUES(db_bytes(key, ATTEMPT_KEY)), NULL);
}

/* One that fails keeps no other from its turn. */
static void
sweep(struct auth *auth, enum auth_statement statement, const struct db_value *values, size_t count)
{
	enum error e = db_query(auth->pool, statement, values, count, NULL);

	if (e != OK)
		log_warn("%s failed (%s): a later one tries again", auth_statements[statement].name, error_code(e));
}

void
auth_sweep(struct auth *auth)
{
	if (random_below(SWEEP_ONE_IN) != 0)
		return;
	/* Tokens before sessions: the fewer a session still has, the less its end takes with it. */
	sweep(auth, SWEEP_TOKENS, DB_VALUES(db_number(config_number(OPT_REFRESH_TOKEN_TIME))));
	sweep(auth, SWEEP_SESSIONS, DB_NO_VALUES);
	sweep(auth, SWEEP_ATTEMPTS, DB_VALUES(db_number(forget_ms())));
}
