/* db_columns.c - reads rows into structs by a table of column names.
 *
 * Each name is looked up once per result and its position kept there, so reading a row compares no
 * names. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/db/db_private.h"

/* The position of the named column, or -1. Starts at `hint`, because tables and statements mostly
 * have the same order. */
static int
place_find(const PGresult *result, const char *name, int hint)
{
	int count = PQnfields(result);

	for (int i = 0; i < count; i++) {
		int place = (hint + i) % count;

		if (strcmp(PQfname(result, place), name) == 0)
			return place;
	}
	return -1;
}

static bool
map_fill(const PGresult *result, const struct db_column *columns, size_t count, struct db_map *map)
{
	int hint = 0;

	if (count > DB_COLUMNS_MAX) {
		log_error("a row is read by at most %d columns, not %zu", DB_COLUMNS_MAX, count);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if ((map->places[i] = place_find(result, columns[i].name, hint)) < 0) {
			log_error("a result has no column %s", columns[i].name);
			return false;
		}
		hint = map->places[i] + 1;
	}
	map->columns = columns;
	return true;
}

/* Tables of columns are static, so their address identifies them. */
static const struct db_map *
map_of(const struct db_rows *rows, const struct db_column *columns, size_t count)
{
	for (size_t i = 0; i < DB_MAPS; i++) {
		struct db_map *map = &rows->maps[i];

		if (map->columns == columns ||
			(map->columns == NULL && map_fill(rows->result, columns, count, map)))
			return map;
		if (map->columns == NULL)
			return NULL;
	}
	log_error("a result is read by at most %d tables of columns", DB_MAPS);
	return NULL;
}

static enum error
choice_read(const char *text, const struct db_column *column, void *member)
{
	for (int i = 0; text != NULL && column->choices[i] != NULL; i++)
		if (strcmp(column->choices[i], text) == 0) {
			memcpy(member, &i, sizeof i);
			return OK;
		}
	log_error("the column %s has the unknown value \"%s\"", column->name,
		text != NULL ? text : "");
	return ERR_INTERNAL;
}

static enum error
text_read(const char *text, struct arena *arena, void *member)
{
	char *copy = text != NULL ? arena_strdup(arena, text) : NULL;

	memcpy(member, &copy, sizeof copy);
	return text == NULL || copy != NULL ? OK : ERR_TOO_LARGE;
}

/* For codes of known length: a longer value is cut, not refused. */
static void
code_read(const char *text, const struct db_column *column, char *member)
{
	size_t n = text != NULL ? strnlen(text, column->bytes - 1) : 0;

	if (n > 0)
		memcpy(member, text, n);
	member[n] = '\0';
}

/* The types of DB_COLUMN must match the members'. The compiler cannot check that, but each table
 * stands next to its struct. */
static enum error
member_read(const struct db_rows *rows, size_t row, size_t place, const struct db_column *column,
	struct arena *arena, char *member)
{
	switch (column->type) {
	case DB_COLUMN_UUID:
		*(struct uuid *)member = rows_uuid(rows, row, place);
		return OK;
	case DB_COLUMN_NUMBER:
		*(int64_t *)member = rows_number(rows, row, place);
		return OK;
	case DB_COLUMN_BOOL:
		*(bool *)member = rows_bool(rows, row, place);
		return OK;
	case DB_COLUMN_INSTANT:
		*(instant_us *)member = rows_instant(rows, row, place);
		return OK;
	case DB_COLUMN_TEXT:
		return text_read(rows_text(rows, row, place), arena, member);
	case DB_COLUMN_BORROWED:
		*(const char **)member = rows_text(rows, row, place);
		return OK;
	case DB_COLUMN_CODE:
		code_read(rows_text(rows, row, place), column, member);
		return OK;
	case DB_COLUMN_CHOICE:
		return choice_read(rows_text(rows, row, place), column, member);
	}
	return ERR_INTERNAL;
}

enum error
rows_read(const struct db_rows *rows, size_t row, const struct db_column *columns, size_t count,
	struct arena *arena, void *out)
{
	const struct db_map *map = map_of(rows, columns, count);
	enum error e = map != NULL ? OK : ERR_INTERNAL;

	for (size_t i = 0; i < count && e == OK; i++) {
		size_t place = (size_t)map->places[i];

		if (columns[i].present > 0)
			*(bool *)((char *)out + columns[i].present - 1) =
				!rows_null(rows, row, place);
		e = member_read(rows, row, place, &columns[i], arena,
			(char *)out + columns[i].offset);
	}
	return e;
}

enum error
rows_read_all(const struct db_rows *rows, const struct db_column *columns, size_t count,
	struct arena *arena, size_t bytes, void **list, size_t *length)
{
	enum error e = OK;

	*length = rows_count(rows);
	if ((*list = arena_alloc(arena, (*length + 1) * bytes)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < *length && e == OK; i++)
		e = rows_read(rows, i, columns, count, arena, (char *)*list + i * bytes);
	return e;
}
