/* no_database.c - stands in for the connections of common/db: the database is down, so a request
 * that needs it gets 503. What is fuzzed comes before. */
#include <stdlib.h>

#include "common/db/db.h"

/* Never used, but not NULL, which would mean that memory ran out. */
static char nothing;

struct db_pool *
db_pool_new(const char *url, int size)
{
	(void)url;
	(void)size;
	return (struct db_pool *)(void *)&nothing;
}

void
db_pool_free(struct db_pool *p)
{
	(void)p;
}

struct db *
db_new(const char *url)
{
	(void)url;
	return (struct db *)(void *)&nothing;
}

void
db_free(struct db *db)
{
	(void)db;
}

void
db_set_statement_timeout(struct db *db, int64_t statement_ms)
{
	(void)db;
	(void)statement_ms;
}

enum error
db_query(struct db_pool *p, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct db_rows **rows)
{
	(void)p;
	(void)statement;
	(void)values;
	(void)count;
	(void)rows;
	return ERR_UNAVAILABLE;
}

enum error
db_execute(struct db *db, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct db_rows **rows)
{
	(void)db;
	return db_query(NULL, statement, values, count, rows);
}

enum error
db_transaction(struct db_pool *p, enum db_repeat repeat, db_work *work, void *context)
{
	(void)p;
	(void)repeat;
	(void)work;
	(void)context;
	return ERR_UNAVAILABLE;
}

enum error
db_transaction_on(struct db *db, enum db_repeat repeat, db_work *work, void *context)
{
	(void)db;
	return db_transaction(NULL, repeat, work, context);
}

bool
db_retry(const struct db *db, enum db_repeat repeat, int attempt)
{
	(void)db;
	(void)repeat;
	(void)attempt;
	return false;
}

enum error
db_stream(struct db *db, const struct db_statement *statement, const struct db_value *values,
	size_t count, db_each *each, void *context)
{
	(void)each;
	(void)context;
	return db_execute(db, statement, values, count, NULL);
}

enum error
db_listen(struct db *db, const char *channel)
{
	(void)db;
	(void)channel;
	return ERR_UNAVAILABLE;
}

int
db_wait(struct db *db, int timeout_ms, char *payload, size_t bytes)
{
	(void)db;
	(void)timeout_ms;
	(void)payload;
	(void)bytes;
	return -1;
}
