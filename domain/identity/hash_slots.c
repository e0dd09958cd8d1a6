/* hash_slots.c - slots for password hashes, between processes; see hash_slots.h. */
#include "domain/identity/hash_slots.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/config.h"

#define CLIENT_CLASS "1886745204" /* one number per client */
#define SLOT_CLASS "1886745205"   /* numbered from 1 */
#define WAIT_MS 10000
#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 100

/* A web server passes the request in the environment of a CGI program, and only there. */
bool
hash_slots_needed(void)
{
	return getenv("REQUEST_METHOD") != NULL;
}

static const struct db_statement client_slot_sql = { "client_slot",
	"SELECT pg_try_advisory_lock(" CLIENT_CLASS ", $1::int) AS got", DB_ONCE };

static const struct db_statement hash_slot_sql = { "hash_slot",
	"SELECT EXISTS (SELECT FROM generate_series(1, $1::int) AS slot"
	" WHERE pg_try_advisory_lock(" SLOT_CLASS ", slot)) AS got",
	DB_ONCE };

/* Tries until the deadline, with growing pauses. */
static enum error
lock_take(struct auth *auth, const struct db_statement *statement, int64_t number, int64_t until)
{
	for (int64_t pause_ms = PAUSE_MIN_MS;; pause_ms *= 2) {
		DB_ROWS(rows);
		enum error e = db_query(
			auth->pool, statement, DB_VALUES(db_number(number)), &rows);

		if (e != OK || (rows_count(rows) == 1 && rows_bool(rows, 0, 0)))
			return e;
		if (clock_monotonic_ms() >= until)
			return ERR_OVERLOADED;
		if (pause_ms > PAUSE_MAX_MS)
			pause_ms = PAUSE_MAX_MS;
		clock_sleep_ms((int)pause_ms);
	}
}

enum error
hash_slot_take(struct auth *auth, const unsigned char client[CLIENT_NETWORK])
{
	int64_t until = clock_monotonic_ms() + WAIT_MS;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	static bool taken; /* this process has one thread */
	uint32_t number;
	enum error e;

	if (taken)
		return OK;
	crypto_generichash(hash, sizeof hash, client, CLIENT_NETWORK, auth->secret,
		sizeof auth->secret);
	memcpy(&number, hash, sizeof number);
	e = lock_take(auth, &client_slot_sql, number & INT32_MAX, until);
	if (e == OK)
		e = lock_take(auth, &hash_slot_sql, config_number(OPT_ARGON2_CONCURRENCY), until);
	taken = e == OK;
	return e;
}
