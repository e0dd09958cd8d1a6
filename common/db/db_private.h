/* db_private.h - what the files db*.c share; no one else includes it.
 *
 * Each file calls only those above it in this list:
 *
 *	db_connection.c, db_rows.c   a connection; values and rows
 *	db_await.c, db_columns.c     the wait for an answer; rows into structs
 *	db.c                         statements and transactions
 *	db_pool.c                    the same over connections that threads share */
#ifndef COMMON_DB_DB_PRIVATE_H
#define COMMON_DB_DB_PRIVATE_H

#include <libpq-fe.h>

#include "common/db/db.h"

/* Why the last call failed, as far as trying again is concerned. */
enum trouble {
	TROUBLE_NONE,
	TROUBLE_REFUSED,  /* no connection: nothing was sent */
	TROUBLE_LOST,	  /* the connection broke: nobody knows whether it took effect */
	TROUBLE_CONFLICT, /* deadlock or serialization: rolled back */
	TROUBLE_ANSWERED, /* the server said no */
	TROUBLE_SILENT, /* it said nothing in time: nobody knows either, and asking again would wait as long */
};

/* Different statements that one connection may run. */
#define DB_PREPARED_MAX 64

struct db {
	const char *url;
	PGconn *connection;
	int64_t answer_timeout_ms; /* the longest wait for an answer */
	const struct db_statement
		*prepared[DB_PREPARED_MAX]; /* what this connection knows; prepared_count of them */
	size_t prepared_count;
	bool in_transaction;
	enum trouble trouble;
	struct db *next; /* in the pool's list of free ones */
};

/* Where the columns of a table are in a result: looked for once a result. */
struct db_map {
	const struct db_column *columns; /* NULL: none yet */
	int places[DB_COLUMNS_MAX];
};

#define DB_MAPS 2

struct db_rows {
	PGresult *result;
	struct db_map *maps; /* DB_MAPS of them, filled in by rows_read() */
};

/* Connected and usable, or why not. */
enum error db_ready(struct db *db) MUST_CHECK;
void db_close(struct db *db);

/* Sends what is left to send and waits until libpq has a result, or knows that the connection is
 * broken, which PQgetResult() then says. False: given up, and the connection closed. */
bool result_await(struct db *db) MUST_CHECK;
/* The last result of what was sent (`sent`: what PQsend… answered), all of it read. NULL: given up,
 * or broken. */
PGresult *result_take(struct db *db, int sent);
/* Takes over the result; frees it where rows is NULL. */
enum error rows_make(PGresult *result, struct db_rows **rows) MUST_CHECK;

#endif
