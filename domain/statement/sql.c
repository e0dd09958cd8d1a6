/* sql.c - every statement that the Statement service runs. What writes is a function of sql/statement/functions/. */
#include "domain/statement/sql.h"

/* In the order of enum job_column. */
#define JOB_COLUMNS                                                                                                    \
	"id, owner_id, wallet_id, from_at, to_at, created_at, finished_at, status, format, progress, min_version, "    \
	"attempts, first_version, last_version, head_version, opening_balance, closing_balance, done_version, "        \
	"done_balance, done_bytes, bytes, encode(sha256, 'hex'), removed_at IS NOT NULL"

/* A duration arrives in milliseconds. */
#define MS(parameter) parameter "::float8 * interval '1 millisecond'"

const struct db_statement statement_sql[SQL_COUNT] = {
	[SQL_HEALTH] = { "health", "SELECT 1 FROM wallet LIMIT 1", DB_AGAIN },
	[SQL_WALLET_FIND] = { "wallet_find",
		"SELECT wallet_id, owner_id, currency, version FROM wallet_find($1, $2, $3)", DB_AGAIN },
	[SQL_SPAN] = { "span",
		"SELECT currency, head, after, until, opening, closing, sum, count, missed_since "
		"FROM statement_span($1, $2, $3, $4, $5)", DB_AGAIN },
	[SQL_LINES] = { "lines",
		"SELECT version, transaction_id, kind, amount, balance_after, merchant, description, reference_id, created_at, "
		"counterpart_wallet, counterpart_id FROM line WHERE wallet_id = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4", DB_AGAIN },
	[SQL_LINES_STORE] = { "lines_store",
		"SELECT place FROM lines_store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text[]::timestamptz[],"
		" $13, $14)",
		DB_AGAIN },
	[SQL_GAPS] = { "gaps",
		"SELECT wallet_id, version, newest, gap_since FROM wallet "
		"WHERE gap_since < clock_timestamp() - " MS("$1") " ORDER BY gap_since LIMIT 10", DB_AGAIN },
	[SQL_JOB_REQUEST] = { "job_request",
		"SELECT " JOB_COLUMNS ", outcome FROM (SELECT r.outcome, (r.made).* "
		"FROM job_request($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) r) asked",
		DB_AGAIN },
	[SQL_JOB_FIND] = { "job_find", "SELECT " JOB_COLUMNS " FROM job WHERE id = $1 AND ($3 OR owner_id = $2)", DB_AGAIN },
	[SQL_JOB_EXISTS] = { "job_exists", "SELECT 1 FROM job WHERE id = $1", DB_AGAIN },
	[SQL_JOB_CLAIM] = { "job_claim", "SELECT " JOB_COLUMNS " FROM job_claim($1, " MS("$2") ")", DB_ONCE },
	[SQL_JOB_BEGIN] = { "job_begin", "SELECT job_begin($1, $2, " MS("$3") ", $4, $5, $6, $7, $8)", DB_AGAIN },
	[SQL_JOB_PROGRESS] = { "job_progress", "SELECT job_progress($1, $2, " MS("$3") ", $4, $5, $6, $7)", DB_AGAIN },
	[SQL_JOB_POSTPONE] = { "job_postpone", "SELECT job_postpone($1, $2, " MS("$3") ", $4)", DB_AGAIN },
	[SQL_JOB_FINISH] = { "job_finish", "SELECT job_finish($1, $2, $3, $4, $5)", DB_AGAIN },
	[SQL_JOB_FAIL] = { "job_fail", "SELECT job_fail($1, $2, $3)", DB_AGAIN },
	[SQL_MAIL_CLAIM] = { "mail_claim",
		"SELECT id, owner_id, from_at, to_at, format, bytes, attempts FROM mail_claim($1)", DB_ONCE },
	[SQL_MAIL_SENT] = { "mail_sent", "SELECT mail_sent($1)", DB_AGAIN },
	[SQL_FILES_EXPIRED] = { "files_expired", "SELECT id, format FROM files_expired(" MS("$1") ", $2)", DB_AGAIN },
	[SQL_FILE_REMOVED] = { "file_removed", "SELECT file_removed($1)", DB_AGAIN },
};
