/* seal.c - calls the functions that seal, and signs; see seal.h.
 *
 * It runs in the relay's process, next to the sweep of holds: off the hot path, and without the
 * broker. A seal that is written is complete, so a crash between any two calls loses nothing. */
#include "domain/ledger/seal.h"

#include <inttypes.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

#define SEAL_EVERY_MS 1000
#define SIGN_EVERY_MS 60000
/* Few enough that a call takes milliseconds: see outbox.sql for why. */
#define SEAL_ROWS 1000
/* After a restore: reads everything, so each call takes as many rows as fit in memory. */
#define RESUME_ROWS 200000
#define RESUME_TIMEOUT_MS INT64_C(3600000)
#define RESUME_PAUSE_MS 200

/* ---- after a restore on another server ---- */

static const struct db_statement adopt_sql = { "seal_adopt", "SELECT outbox_adopt(1000)",
	DB_IDEMPOTENT };

static enum error
rows_adopt(struct db *db)
{
	int64_t adopted = 1;

	while (adopted > 0 && !program_stopping()) {
		DB_ROWS(rows);
		enum error e = db_execute(db, &adopt_sql, DB_NO_VALUES, &rows);

		if (e != OK)
			return e;
		adopted = rows_number(rows, 0, 0);
	}
	return OK;
}

static const struct db_statement timeout_sql = { "seal_timeout",
	"SELECT set_config('statement_timeout', $1, false)", DB_IDEMPOTENT };
static const struct db_statement newest_sql = { "seal_newest",
	"SELECT pg_snapshot_xmax(pg_current_snapshot())::text", DB_IDEMPOTENT };
static const struct db_statement resume_sql = { "seal_resume",
	"SELECT seal_resume($1::integer, $2::text::xid8)", DB_IDEMPOTENT };

static enum error
missing_seal(struct db *db)
{
	DB_ROWS(newest);
	int64_t sealed = RESUME_ROWS;
	enum error e;

	if ((e = rows_adopt(db)) != OK ||
	    (e = db_execute(db, &timeout_sql, DB_VALUES(db_text("1h")), NULL)) != OK ||
	    (e = db_execute(db, &newest_sql, DB_NO_VALUES, &newest)) != OK)
		return e;
	while (sealed == RESUME_ROWS && !program_stopping()) {
		DB_ROWS(rows);

		e = db_execute(db, &resume_sql,
			DB_VALUES(db_number(RESUME_ROWS), db_text(rows_text(newest, 0, 0))), &rows);
		if (e != OK)
			return e;
		if (rows_null(rows, 0, 0))
			(void)program_sleep(RESUME_PAUSE_MS);
		else
			sealed = rows_number(rows, 0, 0);
	}
	log_info("the rows were restored from another server; continuing to seal them");
	return OK;
}

/* On its own connection, because it takes long. */
static enum error
resume(void)
{
	struct db *db = db_new(config_text(OPT_WALLET_DATABASE_URL));
	enum error e = ERR_OVERLOADED;

	if (db != NULL) {
		db_set_statement_timeout(db, RESUME_TIMEOUT_MS);
		e = missing_seal(db);
	}
	db_free(db);
	return e;
}

/* ---- as usual ---- */

static const struct db_statement append_sql = { "seal_append", "SELECT seal_append($1::integer)",
	DB_IDEMPOTENT };

enum error
seal_all(struct db *db)
{
	int64_t sealed = SEAL_ROWS;
	enum error e;

	while (sealed >= SEAL_ROWS && !program_stopping()) {
		DB_ROWS(rows);

		if ((e = db_execute(db, &append_sql, DB_VALUES(db_number(SEAL_ROWS)), &rows)) != OK)
			return e;
		if (!rows_null(rows, 0, 0))
			sealed = rows_number(rows, 0, 0);
		else if ((e = resume()) != OK)
			return e;
	}
	return OK;
}

static const struct db_statement unsigned_sql = { "seal_unsigned",
	"SELECT number, head FROM seal_unsigned()", DB_IDEMPOTENT };
static const struct db_statement sign_sql = { "seal_sign", "SELECT seal_sign($1, $2, $3, $4)",
	DB_IDEMPOTENT };

enum error
seal_sign(struct db *db, const struct seal_key *key)
{
	struct seal_head h = { .at = clock_now() };
	char at[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_execute(db, &unsigned_sql, DB_NO_VALUES, &rows);

	if (e != OK || rows_count(rows) == 0)
		return e;
	h.number = rows_number(rows, 0, 0);
	if (rows_bytes(rows, 0, 1, h.head, sizeof h.head) != sizeof h.head)
		return ERR_INTERNAL;
	seal_head_sign(&h, key);
	return db_execute(db, &sign_sql,
		DB_VALUES(db_number(h.number), db_instant(h.at, at),
			db_bytes(h.signature, sizeof h.signature),
			db_bytes(h.signer, sizeof h.signer)),
		NULL);
}

/* ---- the thread ---- */

/* Reads the key again each time, because it is needed once a minute and can come later. */
static enum error
head_sign(struct db *db)
{
	struct seal_key key;
	enum error e;

	if (!seal_key_prepare(&key)) {
		log_error("alarm: the sealed history cannot be signed, because its key is missing "
			  "or unreadable");
		return ERR_INTERNAL;
	}
	e = seal_sign(db, &key);
	seal_key_wipe(&key);
	return e;
}

/* A failure has been logged; the next round tries again. */
bool
seal_loop(bool once)
{
	struct db *db = NULL;
	int64_t signed_ms = clock_monotonic_ms() - SIGN_EVERY_MS;
	bool last = once;
	enum error e;

	for (;;) {
		if (db == NULL && (db = db_new(config_text(OPT_WALLET_DATABASE_URL))) == NULL)
			e = ERR_OVERLOADED;
		else
			e = seal_all(db);
		if (last || clock_monotonic_ms() - signed_ms >= SIGN_EVERY_MS) {
			e = e == OK ? head_sign(db) : e;
			signed_ms = clock_monotonic_ms();
		}
		if (last)
			break;
		last = !program_sleep(SEAL_EVERY_MS);
	}
	db_free(db);
	return e == OK || !once;
}
