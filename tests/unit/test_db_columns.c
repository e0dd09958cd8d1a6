/* test_db_columns.c - rows read by a table of columns: each type, what is missing, what does not
 * fit into the arena. The results are libpq's, made without a server. */
#include "common/base/arena.h"
#include "common/db/db_private.h"
#include "tests/unit/unit.h"

static const char *const shapes[] = { "round", "square", NULL };

struct thing {
	struct uuid id;
	int64_t count;
	bool open, has_until;
	instant_us until;
	const char *name;
	char code[4];
	enum { ROUND, SQUARE } shape;
};

static const struct db_column columns[] = {
	DB_COLUMN(UUID, "id", struct thing, id),
	DB_COLUMN(NUMBER, "count", struct thing, count),
	DB_COLUMN(BOOL, "open", struct thing, open),
	DB_COLUMN_OPTIONAL(INSTANT, "until", struct thing, until, has_until),
	DB_COLUMN(TEXT, "name", struct thing, name),
	DB_COLUMN(CODE, "code", struct thing, code),
	DB_COLUMN_ENUM("shape", struct thing, shape, shapes),
};

#define ID "018f6f2e-7b1c-7cc0-8000-00000000abcd"

/* A result with these columns and rows; "NULL" is SQL NULL. */
static struct db_rows *
result_of(int width, const char *const names[], size_t height, const char *const *cells)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc attributes[16] = { { 0 } };
	struct db_rows *rows = NULL;

	for (int i = 0; i < width; i++)
		attributes[i].name = (char *)(uintptr_t)names[i];
	assert_int_equal(PQsetResultAttrs(result, width, attributes), 1);
	for (int i = 0; i < (int)height * width; i++) {
		bool null = strcmp(cells[i], "NULL") == 0;
		char *value = null ? NULL : (char *)(uintptr_t)cells[i];

		assert_int_equal(PQsetvalue(result, i / width, i % width, value,
					 null ? -1 : (int)strlen(value)),
			1);
	}
	assert_int_equal(rows_make(result, &rows), OK);
	return rows;
}

static void
each_column_fills_its_member_wherever_it_stands(void **state)
{
	static const char *const names[] = { "shape", "more", "id", "until", "open", "count",
		"code", "name" };
	static const char *const cells[] = { "square", "unused", ID, "2026-11-23 05:08:36.5+00",
		"t", "-42", "abcdef", "Ada", "round", "unused", ID, "NULL", "f", "0", "NULL",
		"NULL" };
	struct db_rows *rows = result_of(8, names, 2, cells);
	struct arena *arena = arena_new(4096);
	struct thing t;
	char id[UUID_TEXT], until[INSTANT_TEXT];

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(columns), arena, &t), OK);
	uuid_format(&t.id, id);
	instant_format(t.until, until);
	assert_string_equal(id, ID);
	assert_string_equal(until, "2026-11-23T05:08:36.500000Z");
	assert_true(t.open && t.has_until);
	assert_int_equal(t.count, -42);
	assert_string_equal(t.name, "Ada");
	assert_string_equal(t.code, "abc"); /* cut at its size */
	assert_int_equal(t.shape, SQUARE);
	assert_int_equal(rows_read(rows, 1, DB_COLUMNS(columns), arena, &t), OK);
	assert_false(t.open || t.has_until);
	assert_null(t.name);
	assert_string_equal(t.code, "");
	assert_int_equal(t.shape, ROUND);
	arena_free(arena);
	rows_free(rows);
}

static void
a_missing_column_is_an_internal_error(void **state)
{
	static const char *const names[] = { "id", "count", "open", "until", "name", "code" },
				 *const cells[] = { ID, "1", "t", "NULL", "Ada", "x" };
	struct db_rows *rows = result_of(6, names, 1, cells);
	struct arena *arena = arena_new(4096);
	struct thing t;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(columns), arena, &t), ERR_INTERNAL);
	/* Again: what was not found is not taken for found. */
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(columns), arena, &t), ERR_INTERNAL);
	assert_int_equal(rows_read(rows, 0, columns, 6, arena, &t), OK);
	arena_free(arena);
	rows_free(rows);
}

static void
an_unknown_name_of_an_enum_is_an_internal_error(void **state)
{
	static const struct db_column shape[] = { DB_COLUMN_ENUM(
		"shape", struct thing, shape, shapes) };
	static const char *const names[] = { "shape" }, *const cells[] = { "oval", "NULL" };
	struct db_rows *rows = result_of(1, names, 2, cells);
	struct thing t;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(shape), NULL, &t), ERR_INTERNAL);
	assert_int_equal(rows_read(rows, 1, DB_COLUMNS(shape), NULL, &t), ERR_INTERNAL);
	rows_free(rows);
}

/* Whatever the limit is: either everything is read, or the answer is too_large; never a text that
 * has become NULL. */
static void
a_full_arena_is_too_large(void **state)
{
	static const struct db_column name[] = { DB_COLUMN(TEXT, "name", struct thing, name) };
	static const char *const names[] = { "name" }, *const cells[] = { "Ada Lovelace",
		"Charles Babbage", "NULL" };
	size_t limit = 0;
	enum error e;

	(void)state;
	do {
		struct db_rows *rows = result_of(1, names, 3, cells);
		struct arena *arena = arena_new(limit += 16);
		size_t count;
		void *list;

		e = rows_read_all(
			rows, DB_COLUMNS(name), arena, sizeof(struct thing), &list, &count);
		if (e == OK) {
			const struct thing *things = list;

			assert_int_equal(count, 3);
			assert_string_equal(things[0].name, "Ada Lovelace");
			assert_string_equal(things[1].name, "Charles Babbage");
			assert_null(things[2].name);
		} else {
			assert_int_equal(e, ERR_TOO_LARGE);
		}
		arena_free(arena);
		rows_free(rows);
	} while (e != OK);
	assert_true(limit > 3 * sizeof(struct thing));
}

static void
two_tables_read_one_result_a_third_does_not(void **state)
{
	static const struct db_column first[] = { DB_COLUMN(NUMBER, "count", struct thing, count) },
				      second[] = { DB_COLUMN(BOOL, "open", struct thing, open) },
				      third[] = { DB_COLUMN(UUID, "id", struct thing, id) };
	static const char *const names[] = { "id", "open", "count" }, *const cells[] = { ID, "t",
		"7" };
	struct db_rows *rows = result_of(3, names, 1, cells);
	struct thing t;

	(void)state;
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(first), NULL, &t), OK);
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(second), NULL, &t), OK);
	assert_int_equal(t.count, 7);
	assert_true(t.open);
	assert_int_equal(rows_read(rows, 0, DB_COLUMNS(third), NULL, &t), ERR_INTERNAL);
	rows_free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_column_fills_its_member_wherever_it_stands),
		cmocka_unit_test(a_missing_column_is_an_internal_error),
		cmocka_unit_test(an_unknown_name_of_an_enum_is_an_internal_error),
		cmocka_unit_test(a_full_arena_is_too_large),
		cmocka_unit_test(two_tables_read_one_result_a_third_does_not),
	};

	return RUN(tests);
}
