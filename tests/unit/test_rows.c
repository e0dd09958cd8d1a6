/* test_rows.c - rows into structs: by name, and never a text left out without an error. Results are
 * libpq's own, filled here. */
#include "common/db/db_private.h"
#include "domain/ledger/history.c" /* for the columns of holds */
#include "domain/ledger/outcome.h"
#include "tests/unit/unit.h"

#define ID "018f6f2e-7b1c-7cc0-8000-00000000abcd"
#define LONG_TEXT "A merchant whose name needs more memory than there is left of a small request"

struct cell {
	const char *name, *value;
};

/* A result of one row. */
static struct db_rows *
row_of(const struct cell cells[], int count)
{
	PGresAttDesc columns[DB_COLUMNS_MAX];
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	struct db_rows *rows = NULL;

	for (int i = 0; i < count; i++)
		columns[i] = (PGresAttDesc){ .name = (char *)cells[i].name, .typid = 25,
			.typlen = -1,
			.atttypmod = -1 };
	assert_int_equal(PQsetResultAttrs(result, count, columns), 1);
	for (int i = 0; i < count; i++)
		assert_int_equal(PQsetvalue(result, 0, i, (char *)cells[i].value,
			cells[i].value != NULL ? (int)strlen(cells[i].value) : -1), 1);
	assert_int_equal(rows_make(result, &rows), OK);
	return rows;
}
#define ROW(cells) row_of(cells, (int)(sizeof(cells) / sizeof(cells)[0]))

/* An arena with so little left that LONG_TEXT does not fit. */
static struct arena *
full_arena(void)
{
	struct arena *arena = arena_new(4096);

	while (arena_alloc(arena, 16) != NULL)
		;
	return arena;
}

static const struct cell hold_cells[] = { { "created_at", "2026-11-23 05:08:36.123456+00" },
	{ "id", ID },
	{ "amount", "70" }, { "remaining", "30" }, { "expires_at", "2026-11-30 05:08:36+00" },
	{ "merchant", LONG_TEXT }, { "description", NULL }, { "metadata", NULL } };

static void
columns_are_found_by_name(void **state)
{
	struct db_rows *rows = ROW(hold_cells);
	struct arena *arena = arena_new(65536);
	struct hold hold;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(hold_columns), arena, &hold), OK);
	assert_int_equal(hold.amount.minor, 70);
	assert_int_equal(hold.remaining.minor, 30);
	assert_string_equal(hold.merchant, LONG_TEXT);
	assert_null(hold.description);
	assert_true(hold.created_at < hold.expires_at);
	rows_free(rows);
	arena_free(arena);
}

/* It answered 200 with a merchant that had become null. */
static void
a_hold_keeps_its_merchant_or_is_too_large(void **state)
{
	struct db_rows *rows = ROW(hold_cells);
	struct arena *arena = full_arena();
	struct hold hold;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(hold_columns), arena, &hold), ERR_TOO_LARGE);
	rows_free(rows);
	arena_free(arena);
}

static const struct cell posted[] = { { "op_id", ID }, { "error", "ok" }, { "available", NULL },
	{ "held", NULL },
	{ "required", NULL }, { "refusal", NULL }, { "id", ID }, { "wallet_id", ID },
		{ "owner_id", ID },
	{ "kind", "transfer" }, { "amount", "-5" }, { "currency", "EUR" },
		{ "balance_after", "95" },
	{ "version", "7" }, { "reference_id", NULL }, { "merchant", LONG_TEXT },
		{ "description", NULL },
	{ "metadata", NULL }, { "created_at", "2026-11-23 05:08:36.1+00" }, { "held_change", "0" },
	{ "counterpart_wallet", ID }, { "counterpart_id", ID }, { "expires_at", NULL },
	{ "actor", ID }, { "request_id", LONG_TEXT } };

static void
a_full_arena_never_says_that_nothing_happened(void **state)
{
	struct db_rows *rows = ROW(posted);
	struct arena *small = full_arena(), *arena = arena_new(65536);
	struct outcome out, copy;
	struct transaction t;

	(void)state;
	assert_int_equal(outcome_read(rows, 0, arena, &out), OK);
	assert_true(out.error == OK && !out.replayed && out.transaction.has_counterpart);
	assert_false(out.transaction.has_reference || out.transaction.has_expires_at);
	assert_int_equal(out.transaction.kind, KIND_TRANSFER);
	/* A transaction that is only read is too large; one that may just have been committed is
	 * not. */
	assert_int_equal(transaction_read(rows, 0, small, &t), ERR_TOO_LARGE);
	assert_int_equal(outcome_copy(&out, small, &copy), ERR_INTERNAL);
	assert_int_equal(outcome_read(rows, 0, small, &out), ERR_INTERNAL);
	rows_free(rows);
	arena_free(small);
	arena_free(arena);
}

static void
a_refusal_has_no_transaction(void **state)
{
	struct cell cells[sizeof posted / sizeof posted[0]] = { { NULL, NULL } };
	struct arena *arena = arena_new(65536);
	struct db_rows *rows;
	struct outcome out;

	(void)state;
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		cells[i].name = posted[i].name;
	cells[0].value = ID;
	cells[1].value = "insufficient_funds";
	cells[2].value = "4";
	cells[4].value = "5";
	cells[5].value = "{}";
	rows = ROW(cells);
	assert_int_equal(outcome_read(rows, 0, arena, &out), OK);
	assert_int_equal(out.error, ERR_INSUFFICIENT_FUNDS);
	assert_int_equal(out.available.minor, 4);
	assert_int_equal(out.required.minor, 5);
	assert_string_equal(out.refusal, "{}");
	rows_free(rows);
	arena_free(arena);
}

static void
a_column_that_is_missing_is_an_error(void **state)
{
	static const struct cell one[] = { { "id", ID } };
	struct db_rows *rows = ROW(one);
	struct hold hold;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(hold_columns), NULL, &hold), ERR_INTERNAL);
	rows_free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_found_by_name),
		cmocka_unit_test(a_hold_keeps_its_merchant_or_is_too_large),
		cmocka_unit_test(a_full_arena_never_says_that_nothing_happened),
		cmocka_unit_test(a_refusal_has_no_transaction),
		cmocka_unit_test(a_column_that_is_missing_is_an_error),
	};

	return RUN(tests);
}
