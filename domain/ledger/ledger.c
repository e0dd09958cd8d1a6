/* ledger.c - the call of post(), and the reading of its answer. The rules themselves are sql/wallet/functions/post.sql.
 *
 * One call carries up to LEDGER_BATCH_MAX operations as arrays, one place an operation. Rows come back in any order,
 * each with its operation's id. */
#include "domain/ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

/* The OUTCOME_COLUMNS. */
enum { C_OP_ID, C_STATUS, C_AVAILABLE, C_HELD, C_REQUIRED, C_REFUSAL, C_POSTING };

/* What post() takes: an array a column, in the order of its parameters. */
enum {
	A_ID, A_WALLET, A_OWNER, A_POWER, A_KIND, A_AMOUNT, A_REFERENCE, A_KEY, A_FINGERPRINT, A_MERCHANT, A_DESCRIPTION,
	A_METADATA, A_TO, A_EXPIRES, A_FINAL, ARRAYS
};

static const enum db_element element_of[ARRAYS] = {
	[A_ID] = DB_UUID_ARRAY, [A_WALLET] = DB_UUID_ARRAY, [A_OWNER] = DB_UUID_ARRAY, [A_POWER] = DB_INT4_ARRAY,
	[A_KIND] = DB_TEXT_ARRAY, [A_AMOUNT] = DB_INT8_ARRAY, [A_REFERENCE] = DB_UUID_ARRAY, [A_KEY] = DB_TEXT_ARRAY,
	[A_FINGERPRINT] = DB_BYTEA_ARRAY, [A_MERCHANT] = DB_TEXT_ARRAY, [A_DESCRIPTION] = DB_TEXT_ARRAY,
	[A_METADATA] = DB_TEXT_ARRAY, [A_TO] = DB_UUID_ARRAY, [A_EXPIRES] = DB_INSTANT_ARRAY, [A_FINAL] = DB_BOOL_ARRAY
};

/* A thread that posts keeps its arrays: after the first batches nothing is allocated any more. */
struct arrays {
	struct db_array of[ARRAYS];
};

static __thread struct arrays kept;

static void
operation_add(struct arrays *a, const struct operation *op)
{
	db_array_add_uuid(&a->of[A_ID], &op->id);
	db_array_add_uuid(&a->of[A_WALLET], op->has_wallet ? &op->wallet : NULL);
	db_array_add_uuid(&a->of[A_OWNER], op->has_owner ? &op->owner : NULL);
	db_array_add_number(&a->of[A_POWER], op->roles);
	db_array_add_text(&a->of[A_KIND], kind_names[op->kind]);
	if (op->amount.minor > 0)
		db_array_add_number(&a->of[A_AMOUNT], op->amount.minor);
	else
		db_array_add_null(&a->of[A_AMOUNT]);
	db_array_add_uuid(&a->of[A_REFERENCE], op->has_reference ? &op->reference : NULL);
	db_array_add_text(&a->of[A_KEY], op->key);
	db_array_add_bytes(&a->of[A_FINGERPRINT], op->key != NULL ? op->fingerprint : NULL, LEDGER_FINGERPRINT);
	db_array_add_text(&a->of[A_MERCHANT], op->merchant);
	db_array_add_text(&a->of[A_DESCRIPTION], op->description);
	db_array_add_text(&a->of[A_METADATA], op->metadata);
	db_array_add_uuid(&a->of[A_TO], op->has_to ? &op->to : NULL);
	db_array_add_bool(&a->of[A_FINAL], !op->keeps_rest);
	if (op->kind == KIND_HOLD)
		db_array_add_instant(&a->of[A_EXPIRES],
			op->expires_at != 0 ? op->expires_at : clock_now() + config_number(OPT_HOLD_TIME) * US_PER_MS);
	else
		db_array_add_null(&a->of[A_EXPIRES]);
}

/* The plain kinds need none of the last three arrays, and post() is quicker without them. */
static bool
operation_is_plain(const struct operation *op)
{
	return op->kind <= KIND_REVERSAL;
}

enum error
outcome_from_row(const struct db_rows *rows, size_t row, struct arena *arena, struct outcome *out)
{
	const char *status = rows_text(rows, row, C_STATUS);

	*out = (struct outcome){ .replayed = strcmp(status, "replayed") == 0 };
	if (out->replayed || strcmp(status, "ok") == 0)
		return posting_from_row(rows, row, C_POSTING, arena, &out->posting);
	out->error = error_from_code(status);
	out->available.minor = rows_number(rows, row, C_AVAILABLE);
	out->held.minor = rows_number(rows, row, C_HELD);
	out->required.minor = rows_number(rows, row, C_REQUIRED);
	if (!rows_null(rows, row, C_REFUSAL) &&
	    (out->refusal = arena_strdup(arena, rows_text(rows, row, C_REFUSAL))) == NULL)
		return ERR_OVERLOADED;
	return OK;
}

/* The place of the operation with that id. Rows mostly come in the operations' order or near it, so the search begins
 * where the last one ended. */
static size_t
operation_find(const struct operation *const operations[], size_t count, size_t hint, const struct uuid *id)
{
	for (size_t n = 0; n < count; n++) {
		size_t i = (hint + n) % count;

		if (memcmp(&operations[i]->id, id, sizeof *id) == 0)
			return i;
	}
	return count;
}

static enum error
outcomes_read(const struct db_rows *rows, const struct operation *const operations[], size_t count,
	struct arena *arena, struct outcome outcomes[])
{
	size_t hint = 0;

	if (rows_count(rows) != count) {
		log_error("post() answered %zu rows for %zu operations", rows_count(rows), count);
		return ERR_INTERNAL;
	}
	for (size_t row = 0; row < count; row++) {
		struct uuid id = rows_uuid(rows, row, C_OP_ID);
		size_t i = operation_find(operations, count, hint, &id);

		if (i == count) {
			log_error("post() answered an operation that it was not given");
			return ERR_INTERNAL;
		}
		/* It may be committed: "overloaded" would say that nothing has happened. */
		if (outcome_from_row(rows, row, arena, &outcomes[i]) != OK) {
			log_error("no memory for the answer to %zu operations", count);
			return ERR_INTERNAL;
		}
		hint = i + 1;
	}
	return OK;
}

static const struct db_statement post_sql = { "post",
	"SELECT " OUTCOME_COLUMNS
	" FROM post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::interval, $14::boolean, $15, $16, $17, $18)",
	DB_AGAIN };

enum error
ledger_post(struct db *db, const struct operation *const operations[], size_t count, bool again, struct arena *arena,
	struct outcome outcomes[])
{
	struct db_array *a = kept.of;
	char window[32];
	bool plain = true;
	DB_ROWS(rows);
	enum error e;

	if (count == 0 || count > LEDGER_BATCH_MAX) {
		log_error("%zu operations in one batch", count);
		return ERR_INTERNAL;
	}
	for (size_t i = 0; i < ARRAYS; i++) {
		a[i].element = element_of[i];
		db_array_clear(&a[i]);
	}
	for (size_t i = 0; i < count; i++) {
		operation_add(&kept, operations[i]);
		plain = plain && operation_is_plain(operations[i]);
	}
	snprintf(window, sizeof window, "%" PRId64 " milliseconds", config_number(OPT_CANCEL_WINDOW));
	e = db_execute(db, &post_sql,
		DB_VALUES(db_array(&a[A_ID]), db_array(&a[A_WALLET]), db_array(&a[A_OWNER]), db_array(&a[A_POWER]),
			db_array(&a[A_KIND]), db_array(&a[A_AMOUNT]), db_array(&a[A_REFERENCE]), db_array(&a[A_KEY]),
			db_array(&a[A_FINGERPRINT]), db_array(&a[A_MERCHANT]), db_array(&a[A_DESCRIPTION]),
			db_array(&a[A_METADATA]), db_text(window), db_bool(again),
			db_text(operations[0]->open_missing ? config_text(OPT_DEFAULT_CURRENCY) : NULL),
			plain ? db_null() : db_array(&a[A_TO]), plain ? db_null() : db_array(&a[A_EXPIRES]),
			plain ? db_null() : db_array(&a[A_FINAL])),
		&rows);
	return e != OK ? e : outcomes_read(rows, operations, count, arena, outcomes);
}

struct ending_work {
	enum ending ending;
	const struct batch_key *key;
	const struct operation *const *operations;
	size_t count;
	struct arena *arena;
	struct outcome *outcomes;
	bool again, rolled_back;
};

/* Only successes keep a key: a batch of which nothing was posted leaves no trace. */
static bool
must_roll_back(const struct ending_work *w)
{
	size_t refused = 0;

	for (size_t i = 0; i < w->count; i++)
		refused += w->outcomes[i].error != OK;
	return w->ending == END_DRY || (w->ending == END_ATOMIC && refused > 0) || (w->key != NULL && refused == w->count);
}

static const struct db_statement batch_claim_sql = { "batch_claim", "SELECT batch_claim($1, $2, $3)", DB_AGAIN };

static enum error
key_claim(struct db *db, const struct batch_key *key)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &batch_claim_sql,
		DB_VALUES(db_uuid(&key->owner), db_text(key->key), db_bytes(key->fingerprint, sizeof key->fingerprint)), &rows);

	if (e != OK)
		return e;
	return rows_bool(rows, 0, 0) ? OK : ERR_IDEMPOTENCY_KEY_REUSED;
}

static enum error
ending_work(struct db *db, void *context)
{
	struct ending_work *w = context;
	enum error e = w->key != NULL ? key_claim(db, w->key) : OK;

	if (e != OK)
		return e;
	e = ledger_post(db, w->operations, w->count, w->again, w->arena, w->outcomes);
	w->again = true;
	w->rolled_back = e == OK && must_roll_back(w);
	return w->rolled_back ? ERR_GONE : e; /* any error rolls back; this one says that it was meant */
}

enum error
ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena, struct outcome outcomes[], bool *posted)
{
	struct ending_work w = { .ending = ending, .key = key, .operations = operations, .count = count, .arena = arena,
		.outcomes = outcomes };
	enum error e = db_transaction(pool, DB_AGAIN, ending_work, &w);

	*posted = e == OK;
	return w.rolled_back ? OK : e;
}

void
ledger_thread_end(void)
{
	for (size_t i = 0; i < ARRAYS; i++)
		db_array_free(&kept.of[i]);
}
