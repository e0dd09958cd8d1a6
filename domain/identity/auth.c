/* auth.c - the state that accounts, sessions and attempts share; see auth.h. */
#include "domain/identity/auth.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/config.h"
#include "domain/identity/attempts.h"

struct auth *
auth_new(void)
{
	struct auth *auth = calloc(1, sizeof *auth);
	char folder[512];

	if (sodium_init() < 0 || auth == NULL) {
		free(auth);
		return NULL;
	}
	auth->pool = db_pool_new(config_text(OPT_AUTH_DATABASE_URL),
		(int)config_number(OPT_DB_POOL));
	if (auth->pool != NULL && key_folder(folder, sizeof folder) &&
		key_files_secret(folder, auth->secret) && attempts_start(auth))
		return auth;
	auth_free(auth);
	return NULL;
}

/* Wipes the secret, so it does not survive in freed memory. */
void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	db_pool_free(auth->pool);
	db_array_free(&auth->delays);
	sodium_memzero(auth->secret, sizeof auth->secret);
	free(auth);
}

static const struct db_statement auth_health_sql = { "auth_health",
	"SELECT EXISTS (SELECT FROM account), EXISTS (SELECT FROM session),"
	" EXISTS (SELECT FROM spent_token), EXISTS (SELECT FROM sign_in_attempt),"
	" EXISTS (SELECT FROM attempt_bucket), EXISTS (SELECT FROM known_device)",
	DB_IDEMPOTENT };

enum error
auth_health(struct db_pool *pool)
{
	return db_query(pool, &auth_health_sql, DB_NO_VALUES, NULL);
}
