/* sql.h - the statements that a connection of the Statement service is opened with, by name. The texts are in sql.c. */
#ifndef DOMAIN_STATEMENT_SQL_H
#define DOMAIN_STATEMENT_SQL_H

#include "common/db/db.h"

enum statement_sql {
	SQL_HEALTH,
	SQL_WALLET_FIND,
	SQL_SPAN,
	SQL_LINES,
	SQL_LINES_STORE,
	SQL_GAPS,
	SQL_JOB_REQUEST,
	SQL_JOB_FIND,
	SQL_JOB_EXISTS,
	SQL_JOB_CLAIM,
	SQL_JOB_BEGIN,
	SQL_JOB_PROGRESS,
	SQL_JOB_POSTPONE,
	SQL_JOB_FINISH,
	SQL_JOB_FAIL,
	SQL_MAIL_CLAIM,
	SQL_MAIL_SENT,
	SQL_FILES_EXPIRED,
	SQL_FILE_REMOVED,
	SQL_COUNT
};

extern const struct db_statement statement_sql[SQL_COUNT];

/* The columns of SQL_JOB_FIND, SQL_JOB_CLAIM and SQL_JOB_REQUEST, in their order; the last one is SQL_JOB_REQUEST's alone. */
enum job_column {
	JOB_ID,
	JOB_OWNER,
	JOB_WALLET,
	JOB_FROM,
	JOB_TO,
	JOB_CREATED,
	JOB_FINISHED,
	JOB_STATUS,
	JOB_FORMAT,
	JOB_PROGRESS,
	JOB_MIN_VERSION,
	JOB_ATTEMPTS,
	JOB_FIRST,
	JOB_LAST,
	JOB_HEAD,
	JOB_OPENING,
	JOB_CLOSING,
	JOB_DONE_VERSION,
	JOB_DONE_BALANCE,
	JOB_DONE_BYTES,
	JOB_BYTES,
	JOB_SHA256,
	JOB_REMOVED,
	JOB_OUTCOME,
};

#endif
