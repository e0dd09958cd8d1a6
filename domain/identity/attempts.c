/* attempts.c - throttles failed sign-ins; see attempts.h. */
#include "domain/identity/attempts.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

/* SIGN_IN_FREE_ATTEMPTS is at most 100, and a delay doubles at most 20 times. */
#define DELAYS_MAX 160

/* Stops doubling at the maximum, so it cannot overflow. */
int64_t
attempt_delay_ms(int64_t failures)
{
	int64_t excess = failures - config_number(OPT_SIGN_IN_FREE_ATTEMPTS);
	int64_t max = config_number(OPT_SIGN_IN_DELAY_MAX);
	int64_t delay = config_number(OPT_SIGN_IN_DELAY);

	if (excess < 0)
		return 0;
	while (excess-- > 0 && delay < max)
		delay *= 2;
	return delay < max ? delay : max;
}

/* The last element stands for every further failure. */
bool
attempts_start(struct auth *auth)
{
	auth->delays.element = DB_INT8_ARRAY;
	for (int64_t n = 1; n <= DELAYS_MAX; n++) {
		db_array_add_number(&auth->delays, attempt_delay_ms(n));
		if (attempt_delay_ms(n) == config_number(OPT_SIGN_IN_DELAY_MAX))
			break;
	}
	auth->delays_value = db_array(&auth->delays);
	return !auth->delays.failed;
}

/* What makes the kinds of keys differ is their first byte. */
static void
attempt_key(const struct auth *auth, enum attempt_kind kind, const char *email,
	const unsigned char *client, size_t bytes, unsigned char key[ATTEMPT_KEY])
{
	unsigned char label = (unsigned char)kind, letter;
	crypto_generichash_state state;

	crypto_generichash_init(&state, auth->secret, sizeof auth->secret, ATTEMPT_KEY);
	crypto_generichash_update(&state, &label, sizeof label);
	for (; *email != '\0'; email++) {
		letter = (unsigned char)tolower((unsigned char)*email);
		crypto_generichash_update(&state, &letter, 1);
	}
	crypto_generichash_update(&state, (const unsigned char *)"", 1);
	crypto_generichash_update(&state, client, bytes);
	crypto_generichash_final(&state, key, ATTEMPT_KEY);
}

void
attempt_prepare(const struct auth *auth, const char *email, const struct uuid *account,
	const struct client *client, struct attempt *out)
{
	unsigned char network[CLIENT_NETWORK];

	out->account = *account;
	out->known = false;
	client_hash(auth, client, out->device);
	client_network(client, network);
	attempt_key(auth, ATTEMPT_DEVICE, email, out->device, CLIENT_HASH,
		out->keys[ATTEMPT_DEVICE]);
	attempt_key(auth, ATTEMPT_STRANGER, email, network, sizeof network,
		out->keys[ATTEMPT_STRANGER]);
	attempt_key(auth, ATTEMPT_CLIENT, "", network, sizeof network, out->keys[ATTEMPT_CLIENT]);
	attempt_key(auth, ATTEMPT_ACCOUNT, email, NULL, 0, out->keys[ATTEMPT_ACCOUNT]);
}

/* Longer than the longest delay: waiting it out must not reset the count. */
int64_t
attempt_memory_ms(void)
{
	int64_t keep = config_number(OPT_SIGN_IN_KEEP),
		delay = config_number(OPT_SIGN_IN_DELAY_MAX);

	return keep > delay ? keep : delay;
}

/* ---- counting ---- */

#define BUCKET_MS (INT64_C(60) * 60 * 1000) /* a full bucket is empty again after this time */

/* The arrays that all three functions take. Call lists_free() afterwards. */
struct lists {
	struct db_array keys, steps;
};

static void
lists_make(const struct attempt *a, struct lists *out)
{
	*out = (struct lists){ .keys.element = DB_BYTEA_ARRAY, .steps.element = DB_INT8_ARRAY };
	for (int i = 0; i < ATTEMPT_KINDS; i++)
		db_array_add_bytes(&out->keys, a->keys[i], ATTEMPT_KEY);
	db_array_add_number(&out->steps, BUCKET_MS / config_number(OPT_SIGN_IN_CLIENT_ATTEMPTS));
	db_array_add_number(&out->steps, BUCKET_MS / config_number(OPT_SIGN_IN_ACCOUNT_ATTEMPTS));
}

static void
lists_free(struct lists *l)
{
	db_array_free(&l->keys);
	db_array_free(&l->steps);
}

/* Counting before the attempt keeps concurrent attempts from all being free. */
static const struct db_statement attempt_begin_sql = { "attempt_begin",
	"SELECT known, wait IS NULL AS allowed,"
	" coalesce(ceil(extract(epoch FROM wait)), 0)::bigint AS wait_s"
	" FROM attempt_begin($1, $2, $3, $4, $5, $6, $7)",
	DB_IDEMPOTENT };

struct verdict {
	bool known, allowed;
	int64_t wait_s;
};

static const struct db_column verdict_columns[] = {
	DB_COLUMN(BOOL, "known", struct verdict, known),
	DB_COLUMN(BOOL, "allowed", struct verdict, allowed),
	DB_COLUMN(NUMBER, "wait_s", struct verdict, wait_s),
};

enum error
attempt_begin(struct auth *auth, struct attempt *a, int64_t *wait_s)
{
	struct verdict verdict;
	struct lists lists;
	DB_ROWS(rows);
	enum error e;

	lists_make(a, &lists);
	e = db_query(auth->pool, &attempt_begin_sql,
		DB_VALUES(db_uuid(&a->account), db_bytes(a->device, CLIENT_HASH),
			db_array(&lists.keys), auth->delays_value, db_number(attempt_memory_ms()),
			db_array(&lists.steps), db_number(BUCKET_MS)),
		&rows);
	lists_free(&lists);
	if (e != OK || (e = rows_read(rows, 0, DB_COLUMNS(verdict_columns), NULL, &verdict)) != OK)
		return e;
	a->known = verdict.known;
	*wait_s = verdict.wait_s < 1 ? 1 : verdict.wait_s;
	return verdict.allowed ? OK : ERR_TOO_MANY_ATTEMPTS;
}

static const struct db_statement attempt_undo_sql = { "attempt_undo",
	"SELECT attempt_undo($1, $2, $3)", DB_ONCE };

void
attempt_undo(struct auth *auth, const struct attempt *a)
{
	struct lists lists;
	enum error e;

	lists_make(a, &lists);
	e = db_query(auth->pool, &attempt_undo_sql,
		DB_VALUES(db_array(&lists.keys), db_bool(a->known), db_array(&lists.steps)), NULL);
	lists_free(&lists);
	if (e != OK)
		log_warn("could not undo the count of a sign-in attempt: %s", error_code(e));
}

static const struct db_statement attempt_succeeded_sql = { "attempt_succeeded",
	"SELECT attempt_succeeded($1, $2, $3, $4, $5)", DB_ONCE };

enum error
attempt_succeeded(struct auth *auth, const struct attempt *a)
{
	struct lists lists;
	enum error e;

	lists_make(a, &lists);
	e = db_query(auth->pool, &attempt_succeeded_sql,
		DB_VALUES(db_uuid(&a->account), db_bytes(a->device, CLIENT_HASH),
			db_array(&lists.keys), db_bool(a->known), db_array(&lists.steps)),
		NULL);
	lists_free(&lists);
	return e;
}
