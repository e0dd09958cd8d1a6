/* db.h - PostgreSQL: declared statements on connections that reconnect by themselves.
 *
 * A statement is declared right above the function that runs it, and prepared when a connection
 * first runs it. No SQL is ever built from input, and PGresult stays inside this room. Every
 * connection uses generic plans, UTC and the configured timeouts.
 *
 *	static const struct db_statement user_find_sql = { "user_find",
 *		"SELECT id, name FROM account WHERE email = $1", DB_IDEMPOTENT };
 *
 *	DB_ROWS(rows);
 *	e = db_query(pool, &user_find_sql, DB_VALUES(db_text(email)), &rows);
 *
 * Errors: ERR_TOO_SLOW (DB_STATEMENT_TIMEOUT has passed, and the server has rolled back),
 * ERR_UNAVAILABLE (cannot connect, connection lost, server shutting down, no response),
 * ERR_OVERLOADED (no connection free within DB_POOL_WAIT), ERR_INTERNAL (anything else; logged with
 * its SQLSTATE). */
#ifndef COMMON_DB_DB_H
#define COMMON_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"

struct db;      /* a connection; belongs to the thread that holds it */
struct db_pool; /* connections shared by threads; thread-safe */
struct db_rows; /* a result */

/* Can a statement run twice? DB_IDEMPOTENT: reads, and idempotent writes. DB_ONCE: never repeated
 * once sent. */
enum db_repeat { DB_ONCE, DB_IDEMPOTENT };

/* In a statement's text: turns the number before it, or a parameter, from milliseconds into an
 * interval. */
#define DB_MILLISECONDS " * interval '1 millisecond'"
#define DB_MS(parameter) parameter "::float8" DB_MILLISECONDS

/* Must have static storage: a connection records prepared statements by address. Names are unique
 * within a program. */
struct db_statement {
	const char *name;
	const char *sql;
	enum db_repeat repeat;
};

/* ---- values ---- */

enum db_kind { DB_KIND_NULL, DB_KIND_TEXT, DB_KIND_NUMBER, DB_KIND_BINARY };

struct db_value {
	enum db_kind kind;
	const void *data; /* borrowed until the call returns */
	size_t bytes;
	int64_t number;
};

struct db_array; /* see below */

struct db_value db_null(void);
struct db_value db_text(const char *s);           /* NULL is SQL NULL */
struct db_value db_number(int64_t n);             /* smallint, int, bigint, numeric, xid8 */
struct db_value db_bool(bool b);
struct db_value db_uuid(const struct uuid *u);    /* NULL is SQL NULL */
struct db_value db_bytes(const void *p, size_t n);/* bytea; p NULL is SQL NULL */
/* timestamptz; the buffer must live until the call returns. */
struct db_value db_instant(instant_us t, char buffer[INSTANT_TEXT]);
struct db_value db_array(struct db_array *a);

/* The values of a statement and their number, as the functions below expect them. They live until
 * the end of the block. */
#define DB_VALUES(...) \
	((const struct db_value[]){ __VA_ARGS__ }), \
		(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))
#define DB_NO_VALUES NULL, 0
/* The largest statement, post(), has 18. */
#define DB_VALUES_MAX 24

/* Arrays are sent in PostgreSQL's binary form. Zero-initialise everything but `element`. They only
 * grow: db_array_clear() keeps the memory. */
enum db_element {
	DB_TEXT_ARRAY = 25,
	DB_UUID_ARRAY = 2950,
	DB_INT8_ARRAY = 20,
	DB_INT4_ARRAY = 23,
	DB_BYTEA_ARRAY = 17,
	DB_INSTANT_ARRAY = 1184,
	DB_BOOL_ARRAY = 16
};
struct db_array {
	enum db_element element;
	unsigned char *data;
	size_t bytes, room; /* used, with the header; allocated */
	int32_t count;
	bool has_null, failed; /* failed: out of memory; the query then returns ERR_OVERLOADED */
};
/* Makes an array empty again; frees it. */
void db_array_clear(struct db_array *a);
void db_array_free(struct db_array *a);
void db_array_add_null(struct db_array *a);
void db_array_add_text(struct db_array *a, const char *s); /* NULL is SQL NULL */
void db_array_add_uuid(struct db_array *a, const struct uuid *u);
void db_array_add_number(struct db_array *a, int64_t n);   /* int8 or int4, by `element` */
void db_array_add_bytes(struct db_array *a, const void *p, size_t n);
void db_array_add_instant(struct db_array *a, instant_us t);
void db_array_add_bool(struct db_array *a, bool b);

/* ---- connections ---- */

/* A pool of at most `size` connections, each opened when first needed. `url` is borrowed, not
 * copied. NULL: out of memory. */
struct db_pool *db_pool_new(const char *url, int size);
/* NULL is allowed. No thread may still use the pool. */
void db_pool_free(struct db_pool *p);

/* A connection outside the pool, opened at its first use. */
struct db *db_new(const char *url);
/* Closes the connection. NULL is allowed; inside a transaction the server rolls back. */
void db_free(struct db *db);
/* Sets how long to wait for results on this connection, for statements that are slow by design: the
 * statement_timeout that the caller has set on the server in place of DB_STATEMENT_TIMEOUT. */
void db_set_statement_timeout(struct db *db, int64_t statement_ms);

/* Runs one statement in its own transaction on a pooled connection, with retries. `rows` can be
 * NULL. */
enum error db_query(struct db_pool *p, const struct db_statement *statement,
	const struct db_value *values, size_t count, struct db_rows **rows) MUST_CHECK;
/* Runs one statement without retries, inside db_transaction() or alone. Reconnects first if
 * necessary (never inside a transaction). */
enum error db_execute(struct db *db, const struct db_statement *statement,
	const struct db_value *values, size_t count, struct db_rows **rows) MUST_CHECK;

/* Runs several statements as one transaction, READ COMMITTED: begin, work, commit. If work returns
 * an error, it rolls back and returns that error. It retries deadlocks and, with DB_IDEMPOTENT,
 * lost connections. So work can run twice and must touch only the database and its context. */
typedef enum error db_work(struct db *db, void *context);
enum error db_transaction(struct db_pool *p, enum db_repeat repeat, db_work *work,
	void *context) MUST_CHECK;
enum error db_transaction_on(struct db *db, enum db_repeat repeat, db_work *work,
	void *context) MUST_CHECK;

/* The retry policy, for callers whose arguments change between attempts: returns whether attempt
 * number `attempt` (0, 1, …), a failed db_execute(), can be followed by another. Sleeps before it
 * returns true. */
bool db_retry(const struct db *db, enum db_repeat repeat, int attempt) MUST_CHECK;
/* The error of the last attempt, as the caller may know it: ERR_TOO_SLOW promises that nothing was
 * done, but an earlier attempt may have been committed. */
enum error db_last_error(enum error e, bool retried) MUST_CHECK;

/* Streams a large result in constant memory: calls each() once per row (read it with rows_…() at
 * index 0), until each() returns an error. */
typedef enum error db_each(const struct db_rows *row, void *context);
enum error db_stream(struct db *db, const struct db_statement *statement,
	const struct db_value *values, size_t count, db_each *each, void *context) MUST_CHECK;

/* LISTEN on a dedicated connection, then wait up to timeout_ms for a notification. 1: payload
 * filled in; 0: none; -1: connection lost (notifications may have been missed), so call db_listen()
 * again. */
enum error db_listen(struct db *db, const char *channel) MUST_CHECK;
int db_wait(struct db *db, int timeout_ms, char *payload, size_t bytes);

/* ---- rows ---- */

/* Rows and columns count from 0. Values are read from the server's text, and must have the type
 * that the function names: what does not parse becomes zero. */
size_t rows_count(const struct db_rows *rows);
bool rows_null(const struct db_rows *rows, size_t row, size_t column);
/* NULL for SQL NULL; lives as long as `rows`. */
const char *rows_text(const struct db_rows *rows, size_t row, size_t column);
int64_t rows_number(const struct db_rows *rows, size_t row, size_t column);     /* 0 for NULL */
bool rows_bool(const struct db_rows *rows, size_t row, size_t column);
struct uuid rows_uuid(const struct db_rows *rows, size_t row, size_t column); /* zeroes for NULL */
/* timestamptz; 0 for NULL. */
instant_us rows_instant(const struct db_rows *rows, size_t row, size_t column);
/* bytea: copies at most `bytes` bytes into `out` and returns the full length. */
size_t rows_bytes(const struct db_rows *rows, size_t row, size_t column, void *out, size_t bytes);
/* The number of rows that an INSERT, UPDATE or DELETE changed. */
int64_t rows_touched(const struct db_rows *rows);
/* NULL is allowed. DB_ROWS() calls it at the end of the scope. */
void rows_free(struct db_rows *rows);

/* ---- rows into structs ---- */

enum db_column_type {
	DB_COLUMN_UUID,
	DB_COLUMN_NUMBER,  /* int64_t, struct money */
	DB_COLUMN_BOOL,
	DB_COLUMN_INSTANT,
	DB_COLUMN_TEXT,    /* const char *, copied into the arena; NULL for SQL NULL */
	DB_COLUMN_BORROWED,/* the same, not copied: lives as long as the rows */
	DB_COLUMN_CODE,    /* char[], cut at its size */
	DB_COLUMN_CHOICE,  /* an enum (int), by its name in `choices` */
};

/* A column of a result and the struct member that it fills. Columns are found by name. */
struct db_column {
	const char *name;
	enum db_column_type type;
	size_t offset, bytes;       /* of the member */
	size_t present;             /* 1 + offset of a bool: is it not NULL? 0: no such member */
	const char *const *choices; /* ends with NULL */
};

#define DB_COLUMN(type, name, structure, member) \
	{ \
		name, DB_COLUMN_##type, offsetof(structure, member), \
			sizeof(((structure *)0)->member), 0, NULL \
	}
/* With a member that is set to whether the column is not NULL. */
#define DB_COLUMN_OPTIONAL(type, name, structure, member, has) \
	{ name, DB_COLUMN_##type, offsetof(structure, member), sizeof(((structure *)0)->member), \
		offsetof(structure, has) + 1, NULL }
#define DB_COLUMN_ENUM(name, structure, member, names) \
	{ \
		name, DB_COLUMN_CHOICE, offsetof(structure, member), \
			sizeof(((structure *)0)->member), 0, names \
	}
#define DB_COLUMNS_MAX 32
/* A table of columns and its length, as the functions below expect them. */
#define DB_COLUMNS(table) table, sizeof(table) / sizeof((table)[0])

/* Fills the members of *out that `columns` names and leaves the others unchanged. ERR_TOO_LARGE:
 * the arena is full (it can be NULL if no column is DB_COLUMN_TEXT). ERR_INTERNAL: a column is
 * missing or has an unexpected value; logged. */
enum error rows_read(const struct db_rows *rows, size_t row, const struct db_column *columns,
	size_t count, struct arena *arena, void *out) MUST_CHECK;
/* Reads every row into an array in the arena. */
enum error rows_read_all(const struct db_rows *rows, const struct db_column *columns, size_t count,
	struct arena *arena, size_t bytes, void **list, size_t *length) MUST_CHECK;

static inline void
rows_cleanup(struct db_rows **rows)
{
	rows_free(*rows);
}
#define DB_ROWS(name) __attribute__((cleanup(rows_cleanup))) struct db_rows *name = NULL

#endif
