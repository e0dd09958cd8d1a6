/* ledger.c - calls post() and reads its result. The rules themselves are in
 * sql/wallet/functions/post.sql.
 *
 * One call carries up to LEDGER_BATCH_MAX operations as parallel arrays. Rows come back in any
 * order, each with its operation's id.
 *
 * What post() refuses is a row like any other. An error of a function here means that the whole
 * call failed, or that its result is unknown. */
#include "domain/ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/invariant.h"
#include "domain/ledger/limit_fill.h"

#define OWNER_ONLY 16 /* a bit of p_roles in post.sql */

/* The array parameters of post(), in order. */
enum {
	A_ID, A_WALLET, A_OWNER, A_ROLES, A_KIND, A_AMOUNT, A_REFERENCE, A_KEY, A_FINGERPRINT,
	A_MERCHANT, A_DESCRIPTION, A_METADATA, A_COUNTERPART, A_EXPIRES, A_FINAL, A_REQUEST, ARRAYS
};

static const enum db_element element_of[ARRAYS] = {
	[A_ID] = DB_UUID_ARRAY, [A_WALLET] = DB_UUID_ARRAY, [A_OWNER] = DB_UUID_ARRAY,
	[A_ROLES] = DB_INT4_ARRAY, [A_KIND] = DB_TEXT_ARRAY, [A_AMOUNT] = DB_INT8_ARRAY,
	[A_REFERENCE] = DB_UUID_ARRAY, [A_KEY] = DB_TEXT_ARRAY, [A_FINGERPRINT] = DB_BYTEA_ARRAY,
	[A_MERCHANT] = DB_TEXT_ARRAY, [A_DESCRIPTION] = DB_TEXT_ARRAY, [A_METADATA] = DB_TEXT_ARRAY,
	[A_COUNTERPART] = DB_UUID_ARRAY, [A_EXPIRES] = DB_INSTANT_ARRAY, [A_FINAL] = DB_BOOL_ARRAY,
	[A_REQUEST] = DB_TEXT_ARRAY
};

/* Each posting thread keeps its arrays: after the first few batches it allocates nothing. */
struct arrays {
	struct db_array of[ARRAYS];
};

static __thread struct arrays thread_arrays;

/* Adds one element to every array, because they are parallel: NULL is what an operation
 * does not have. */
static void
operation_add(struct arrays *a, const struct operation *op)
{
	db_array_add_uuid(&a->of[A_ID], &op->id);
	db_array_add_uuid(&a->of[A_WALLET], op->has_wallet ? &op->wallet : NULL);
	db_array_add_uuid(&a->of[A_OWNER], op->has_owner ? &op->owner : NULL);
	db_array_add_number(&a->of[A_ROLES], op->roles | (op->owner_only ? OWNER_ONLY : 0));
	db_array_add_text(&a->of[A_KIND], kind_names[op->kind]);
	if (op->has_amount)
		db_array_add_number(&a->of[A_AMOUNT], op->amount.minor);
	else
		db_array_add_null(&a->of[A_AMOUNT]);
	db_array_add_uuid(&a->of[A_REFERENCE], op->has_reference ? &op->reference : NULL);
	db_array_add_text(&a->of[A_KEY], op->key);
	db_array_add_bytes(&a->of[A_FINGERPRINT], op->key != NULL ? op->fingerprint : NULL,
		sizeof op->fingerprint);
	db_array_add_text(&a->of[A_MERCHANT], op->merchant);
	db_array_add_text(&a->of[A_DESCRIPTION], op->description);
	db_array_add_text(&a->of[A_METADATA], op->metadata);
	db_array_add_uuid(&a->of[A_COUNTERPART], op->has_counterpart ? &op->counterpart : NULL);
	db_array_add_bool(&a->of[A_FINAL], op->final);
	db_array_add_text(&a->of[A_REQUEST], op->request_id);
	if (op->has_expires_at)
		db_array_add_instant(&a->of[A_EXPIRES], op->expires_at);
	else if (op->kind == KIND_HOLD) /* SQL has a default too, but does not know HOLD_TIME */
		db_array_add_instant(&a->of[A_EXPIRES],
			clock_now() + config_number(OPT_HOLD_TIME) * US_PER_MS);
	else
		db_array_add_null(&a->of[A_EXPIRES]);
}

/* The index of the operation with that id, or `count`. Rows mostly come in the operations' order,
 * or close to it, so the search starts where the last one ended. */
static size_t
operation_find(const struct operation *const operations[], size_t count, size_t hint,
	const struct uuid *id)
{
	for (size_t n = 0; n < count; n++) {
		size_t i = (hint + n) % count;

		if (memcmp(&operations[i]->id, id, sizeof *id) == 0)
			return i;
	}
	return count;
}

/* Reads the rows into outcomes, by operation. post() answers each operation once, and a wallet's
 * transactions follow from one another; only a bug could break that, so it ends the program. A
 * repeated call is exempt from the second rule: between what the first call posted and what this
 * one posts, others may have posted too. */
static enum error
outcomes_read(const struct db_rows *rows, const struct operation *const operations[], size_t count,
	bool again, struct arena *arena, struct outcome outcomes[])
{
	const struct outcome *judged[LEDGER_BATCH_MAX];
	bool answered[LEDGER_BATCH_MAX] = { false };
	size_t i = 0, wrong;

	INVARIANT(rows_count(rows) == count, "post() returned %zu rows for %zu operations",
		rows_count(rows), count);
	for (size_t row = 0; row < count; row++, i++) {
		struct outcome out;
		enum error e = outcome_read(rows, row, arena, &out);

		if (e != OK)
			return e;
		i = operation_find(operations, count, i, &out.operation);
		INVARIANT(i < count && !answered[i],
			"row %zu of %zu answers operation %zu a second time, or no operation", row,
			count, i);
		answered[i] = true;
		outcomes[i] = out;
		judged[row] = &outcomes[i];
	}
	wrong = again ? count : outcomes_follow(judged, count);
	INVARIANT(wrong == count,
		"row %zu of %zu: version %" PRId64 ", amount %" PRId64 ", balance after %" PRId64,
		wrong, count, judged[wrong]->transaction.version,
		judged[wrong]->transaction.amount.minor,
		judged[wrong]->transaction.balance_after.minor);
	return OK;
}

static const struct db_statement post_sql = { "post",
	"SELECT " OUTCOME_COLUMNS
	" FROM post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::bigint, $14::boolean,"
	" $15, $16, $17, $18, $19)",
	DB_IDEMPOTENT };

/* Which of the last arrays a batch needs; post() is faster without them. */
struct needs {
	bool special; /* those of kinds that are not plain */
	bool request; /* who acts by their role */
};

/* Fills this thread's arrays. */
static struct needs
arrays_fill(const struct operation *const operations[], size_t count)
{
	struct needs needs = { 0 };

	for (size_t i = 0; i < ARRAYS; i++) {
		thread_arrays.of[i].element = element_of[i];
		db_array_clear(&thread_arrays.of[i]);
	}
	for (size_t i = 0; i < count; i++) {
		operation_add(&thread_arrays, operations[i]);
		needs.special = needs.special || !kind_rules[operations[i]->kind].plain;
		needs.request = needs.request || operations[i]->request_id != NULL;
	}
	return needs;
}

static enum error
post_once(struct db *db, const struct operation *const operations[], size_t count, bool again,
	struct arena *arena, struct outcome outcomes[])
{
	struct db_array *a = thread_arrays.of;
	const char *currency = NULL;
	DB_ROWS(rows);
	enum error e;
	struct needs needs;

	INVARIANT(count > 0 && count <= LEDGER_BATCH_MAX, "%zu operations in one batch", count);
	needs = arrays_fill(operations, count);
	if (operations[0]->open_missing)
		currency = config_text(OPT_DEFAULT_CURRENCY);
	e = db_execute(db, &post_sql,
		DB_VALUES(db_array(&a[A_ID]), db_array(&a[A_WALLET]), db_array(&a[A_OWNER]),
			db_array(&a[A_ROLES]), db_array(&a[A_KIND]), db_array(&a[A_AMOUNT]),
			db_array(&a[A_REFERENCE]), db_array(&a[A_KEY]), db_array(&a[A_FINGERPRINT]),
			db_array(&a[A_MERCHANT]), db_array(&a[A_DESCRIPTION]),
			db_array(&a[A_METADATA]),
			db_number(config_number(OPT_CANCEL_WINDOW)), db_bool(again),
			db_text(currency),
			needs.special ? db_array(&a[A_COUNTERPART]) : db_null(),
			needs.special ? db_array(&a[A_EXPIRES]) : db_null(),
			needs.special ? db_array(&a[A_FINAL]) : db_null(),
			needs.request ? db_array(&a[A_REQUEST]) : db_null()),
		&rows);
	return e != OK ? e : outcomes_read(rows, operations, count, again, arena, outcomes);
}

/* The operations that a limit's counter holds up, and the outcomes that say so. */
struct pending {
	size_t count;
	const struct operation *operations[LEDGER_BATCH_MAX];
	struct outcome *outcomes[LEDGER_BATCH_MAX];
};

static void
pending_find(struct pending *p, const struct operation *const operations[], size_t count,
	struct outcome outcomes[])
{
	p->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].error != ERR_UNAVAILABLE || outcomes[i].refusal == NULL)
			continue;
		p->operations[p->count] = operations[i];
		p->outcomes[p->count++] = &outcomes[i];
	}
}

/* Adds up what their limits need, and posts them again. Those that need even more, or too long,
 * stay refused: the counters have moved on, so a later call can succeed. */
static enum error
pending_post(struct db *db, const struct pending *p, struct arena *arena)
{
	struct outcome *outcomes = arena_alloc(arena, p->count * sizeof *outcomes);
	int64_t steps = LIMIT_FILL_STEPS;
	/* Not ERR_OVERLOADED, which promises that nothing was done: the others are posted. */
	enum error e = outcomes != NULL ? OK : ERR_UNAVAILABLE;

	for (size_t i = 0; e == OK && i < p->count; i++)
		e = limit_fill(db, p->outcomes[i]->refusal, &steps);
	if (e == OK)
		e = post_once(db, p->operations, p->count, true, arena, outcomes);
	for (size_t i = 0; e == OK && i < p->count; i++)
		*p->outcomes[i] = outcomes[i];
	return e == ERR_TOO_SLOW ? OK : e;
}

enum error
ledger_post_whole(struct db *db, const struct operation *const operations[], size_t count,
	bool again, struct arena *arena, struct outcome outcomes[])
{
	struct pending pending;
	enum error e = post_once(db, operations, count, again, arena, outcomes);

	if (e != OK)
		return e;
	pending_find(&pending, operations, count, outcomes);
	return pending.count == 0 ? OK : pending_post(db, &pending, arena);
}

/* The context of ending_work(), which can run more than once. */
struct ending_work {
	enum ending ending;
	const struct batch_key *key;
	const struct operation *const *operations;
	size_t count;
	struct arena *arena;
	struct outcome *outcomes;
	bool again, rolled_back;
	struct pending pending;
};

/* Only a success uses up a key, so a batch of which nothing was posted leaves no trace. */
static bool
must_roll_back(const struct ending_work *w)
{
	size_t refused = 0;

	for (size_t i = 0; i < w->count; i++)
		refused += w->outcomes[i].error != OK;
	return w->ending == END_DRY || (w->ending == END_ATOMIC && refused > 0) ||
	       (w->key != NULL && refused == w->count);
}

static const struct db_statement batch_claim_sql = { "batch_claim",
	"SELECT batch_claim($1, $2, $3)",
	DB_IDEMPOTENT };

/* In the same transaction as the postings, so a rollback gives the key back. */
static enum error
key_claim(struct db *db, const struct batch_key *key)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &batch_claim_sql,
		DB_VALUES(db_uuid(&key->owner), db_text(key->key),
			db_bytes(key->fingerprint, sizeof key->fingerprint)),
		&rows);

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
	e = post_once(db, w->operations, w->count, w->again, w->arena, w->outcomes);
	/* If this runs again, an earlier run may have been committed:
	 * db_transaction() cannot tell. */
	w->again = true;
	if (e == OK)
		pending_find(&w->pending, w->operations, w->count, w->outcomes);
	w->rolled_back = e == OK && (w->pending.count > 0 || must_roll_back(w));
	/* Any error rolls back; ledger_post_ending() knows that this one is intended. */
	return w->rolled_back ? ERR_GONE : e;
}

/* Counters are filled between two attempts: a batch that is rolled back would undo that, too. */
static enum error
pending_fill(struct db_pool *pool, const struct pending *p)
{
	int64_t steps = LIMIT_FILL_STEPS;
	enum error e = OK;

	for (size_t i = 0; e == OK && i < p->count; i++)
		e = limit_fill_pooled(pool, p->outcomes[i]->refusal, &steps);
	return e;
}

/* Takes a pooled connection, not the poster's: a batch decides about its own commit, and cannot
 * share one. */
enum error
ledger_post_ending(struct db_pool *pool, enum ending ending, const struct batch_key *key,
	const struct operation *const operations[], size_t count, struct arena *arena,
	struct outcome outcomes[], bool *posted)
{
	struct ending_work w = { .ending = ending, .key = key, .operations = operations,
		.count = count, .arena = arena, .outcomes = outcomes };
	enum error e = db_transaction(pool, DB_IDEMPOTENT, ending_work, &w);

	if (w.rolled_back && w.pending.count > 0) {
		w.rolled_back = false;
		if ((e = pending_fill(pool, &w.pending)) == OK)
			e = db_transaction(pool, DB_IDEMPOTENT, ending_work, &w);
		if (w.rolled_back && w.pending.count > 0)
			return ERR_UNAVAILABLE;
	}
	*posted = e == OK;
	return w.rolled_back ? OK : e;
}

void
ledger_thread_end(void)
{
	for (size_t i = 0; i < ARRAYS; i++)
		db_array_free(&thread_arrays.of[i]);
}
