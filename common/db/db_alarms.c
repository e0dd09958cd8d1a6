/* db_alarms.c - reads alarms from a database; see db_alarms.h. */
#include "common/db/db_alarms.h"

static const struct db_column columns[] = {
	DB_COLUMN(TEXT, "code", struct alarm, code),
	DB_COLUMN(TEXT, "subject", struct alarm, subject),
	DB_COLUMN(TEXT, "detail", struct alarm, detail),
	DB_COLUMN(INSTANT, "since", struct alarm, since),
};

enum error
db_alarms(struct db_pool *p, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct arena *arena, struct alarm **list, size_t *length)
{
	void *all = NULL;
	DB_ROWS(rows);
	enum error e = db_query(p, statement, values, count, &rows);

	*length = 0;
	if (e == OK)
		e = rows_read_all(rows, DB_COLUMNS(columns), arena, sizeof **list, &all, length);
	*list = all;
	return e;
}
