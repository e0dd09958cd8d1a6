/* db_private.h - what the files db*.c share; no other file includes it.
 *
 * Each file calls only those above it in this list:
 *
 *	db_connection.c, db_rows.c   a connection; values and rows
 *	db_await.c, db_columns.c     waits for a result; rows into structs
 *	db.c                         statements and transactions
 *	db_pool.c                    the same on connections that threads share
 */
#ifndef COMMON_DB_DB_PRIVATE_H
#define COMMON_DB_DB_PRIVATE_H

#include <libpq-fe.h>

#include "common/db/db.h"

/* Why the last call failed: decides whether a retry is safe. */
enum db_failure {
	FAILURE_NONE,
	FAILURE_REFUSED,  /* no usable connection: nothing was executed */
	FAILURE_LOST,	  /* the connection broke: the outcome is unknown */
	FAILURE_CONFLICT, /* deadlock or serialization: rolled back */
	FAILURE_ANSWERED, /* the server reported an error */
	FAILURE_SILENT,   /* no response in time: outcome unknown, and a retry would wait again */
};

/* Different statements that one connection can run. */
#define DB_PREPARED_MAX 64

struct db {
	const char *url;
	PGconn *connection;
	int64_t answer_timeout_ms; /* the longest wait for a result */
	int64_t sent_ms;           /* when the last statement was sent ... */
	int64_t proven_ms;         /* ... and the last one that was answered */
	const struct db_statement *prepared[DB_PREPARED_MAX]; /* on this connection */
	size_t prepared_count;
	bool in_transaction;
	enum db_failure failure;
	struct db *next; /* in the pool's free list */
	bool tries;      /* taken from a pool whose server did not respond */
};

/* Where the columns of a table are in a result: looked up once per result. */
struct db_map {
	const struct db_column *columns; /* NULL: none yet */
	int places[DB_COLUMNS_MAX];
};

/* Tables of columns per result: an outcome is read with two, its own and its transaction's. */
#define DB_MAPS 2

struct db_rows {
	PGresult *result;
	struct db_map *maps; /* DB_MAPS of them, filled in by rows_read() */
};

/* OK if connected and usable; connects first if necessary. */
enum error db_ready(struct db *db) MUST_CHECK;
/* Forgets the connection; the next db_ready() opens another. Safe if there is none. */
void db_close(struct db *db);
/* A statement got no answer, or its connection broke. Whatever cut that connection can have cut the
 * others without a sign. So every connection of the process that has answered nothing sent since
 * then is closed before its next use. */
void db_suspect_others(const struct db *db);
/* Whether this connection is one of those. */
bool db_is_suspect(const struct db *db) MUST_CHECK;

/* Sends buffered data and waits until libpq has a result, or detects that the connection is broken,
 * which PQgetResult() then reports. False: timed out, and the connection is closed. */
bool result_await(struct db *db) MUST_CHECK;
/* Reads all results of a statement and returns the last (`sent`: what PQsend…() returned). NULL:
 * timed out or broken. */
PGresult *result_take(struct db *db, int sent);
/* Takes ownership of the result; frees it if `rows` is NULL. */
enum error rows_make(PGresult *result, struct db_rows **rows) MUST_CHECK;

#endif
