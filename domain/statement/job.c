/* job.c - requests, claims and shows statement jobs; see job.h. */
#include "domain/statement/job.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"

static const char *const status_names[JOB_STATUS_COUNT + 1] = {
	[JOB_QUEUED] = "queued",
	[JOB_RUNNING] = "running",
	[JOB_READY] = "ready",
	[JOB_FAILED] = "failed",
};

/* ---- rows ---- */

#define JOB_COLUMNS \
	"id, owner_id, wallet_id, from_at, to_at, created_at, finished_at, status, format," \
	" progress, min_version, attempts, first_version, last_version, head_version," \
	" opening_balance, closing_balance, done_version, done_balance, done_bytes, bytes," \
	" encode(sha256, 'hex') AS sha256, removed_at IS NOT NULL AS removed"

static const struct db_column job_columns[] = {
	DB_COLUMN(UUID, "id", struct job, id),
	DB_COLUMN(UUID, "owner_id", struct job, owner),
	DB_COLUMN(UUID, "wallet_id", struct job, wallet),
	DB_COLUMN(INSTANT, "from_at", struct job, from),
	DB_COLUMN(INSTANT, "to_at", struct job, to),
	DB_COLUMN(INSTANT, "created_at", struct job, created_at),
	DB_COLUMN_OPTIONAL(INSTANT, "finished_at", struct job, finished_at, has_finished),
	DB_COLUMN_ENUM("status", struct job, status, status_names),
	DB_COLUMN_ENUM("format", struct job, format, format_names),
	DB_COLUMN(NUMBER, "progress", struct job, progress),
	DB_COLUMN(NUMBER, "min_version", struct job, min_version),
	DB_COLUMN(NUMBER, "attempts", struct job, attempts),
	DB_COLUMN_OPTIONAL(NUMBER, "first_version", struct job, first, has_begun),
	DB_COLUMN(NUMBER, "last_version", struct job, last),
	DB_COLUMN(NUMBER, "head_version", struct job, head),
	DB_COLUMN(NUMBER, "opening_balance", struct job, opening),
	DB_COLUMN(NUMBER, "closing_balance", struct job, closing),
	DB_COLUMN(NUMBER, "done_version", struct job, done_version),
	DB_COLUMN(NUMBER, "done_balance", struct job, done_balance),
	DB_COLUMN(NUMBER, "done_bytes", struct job, done_bytes),
	DB_COLUMN(NUMBER, "bytes", struct job, bytes),
	DB_COLUMN(CODE, "sha256", struct job, sha256),
	DB_COLUMN(BOOL, "removed", struct job, removed),
};

static enum error
job_read(const struct db_rows *rows, struct job *job)
{
	return rows_read(rows, 0, DB_COLUMNS(job_columns), NULL, job);
}

/* ---- finding, requesting, claiming ---- */

static const struct db_statement job_find_sql = { "job_find",
	"SELECT " JOB_COLUMNS " FROM job WHERE id = $1 AND ($3 OR owner_id = $2)", DB_IDEMPOTENT };

/* The owner's id is part of the query, so another user's job looks like one that does not exist. */
enum error
job_find(struct db_pool *db, const struct uuid *id, const struct uuid *caller, bool any_owner,
	struct job *job)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &job_find_sql,
		DB_VALUES(db_uuid(id), db_uuid(caller), db_bool(any_owner)), &rows);

	if (e != OK)
		return e;
	return rows_count(rows) == 0 ? ERR_NOT_FOUND : job_read(rows, job);
}

static const struct db_statement job_exists_sql = { "job_exists", "SELECT 1 FROM job WHERE id = $1",
	DB_IDEMPOTENT };

enum error
job_exists(struct db_pool *db, const struct uuid *id, bool *exists)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &job_exists_sql, DB_VALUES(db_uuid(id)), &rows);

	*exists = e == OK && rows_count(rows) > 0;
	return e;
}

static const struct db_statement job_request_sql = { "job_request",
	"SELECT " JOB_COLUMNS ", outcome FROM (SELECT r.outcome, (r.made).* "
	"FROM job_request($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) r) asked",
	DB_IDEMPOTENT };

struct outcome_row {
	const char *outcome;
};

static const struct db_column outcome_columns[] = {
	DB_COLUMN(BORROWED, "outcome", struct outcome_row, outcome),
};

enum error
job_request(struct db_pool *db, const struct job_spec *spec, struct job *job)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	struct uuid id = uuid_v7();
	DB_ROWS(rows);
	struct outcome_row made;
	enum error e = db_query(db, &job_request_sql,
		DB_VALUES(db_uuid(&id), db_uuid(&spec->owner), db_uuid(&spec->wallet),
			db_instant(spec->from, from), db_instant(spec->to, to),
			db_text(format_names[spec->format]), db_number(spec->min_version),
			db_text(spec->request), db_text(spec->key),
			db_number(config_number(OPT_STATEMENT_JOBS_MAX))),
		&rows);

	if (e != OK || (e = rows_read(rows, 0, DB_COLUMNS(outcome_columns), NULL, &made)) != OK)
		return e;
	if (strcmp(made.outcome, "queued") != 0 && strcmp(made.outcome, "same") != 0)
		return error_from_code(made.outcome);
	return job_read(rows, job);
}

static const struct db_statement job_claim_sql = { "job_claim",
	"SELECT " JOB_COLUMNS " FROM job_claim($1, " DB_MS("$2") ")", DB_ONCE };

/* DB_ONCE: if the answer is lost, the job stays claimed until its lease ends or its
 * lock is free. */
enum error
job_claim(struct db_pool *db, const struct uuid *claim, int64_t lease_ms, bool *found,
	struct job *job)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &job_claim_sql, DB_VALUES(db_uuid(claim), db_number(lease_ms)),
		&rows);

	*found = e == OK && rows_count(rows) > 0;
	return *found ? job_read(rows, job) : e;
}

/* ---- names and JSON ---- */

bool
job_is_unfinished(const struct job *job)
{
	return job->status == JOB_QUEUED || job->status == JOB_RUNNING;
}

/* Derived from id and format alone, so any process can find the file of a row. */
void
job_file_name(const struct uuid *id, enum format f, char out[JOB_FILE_NAME])
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	snprintf(out, JOB_FILE_NAME, "%s.%s", text, formats[f].ending);
}

/* The last digits of the wallet's id tell its statements from those of another. `to` is exclusive,
 * so the last day is that of the instant before it. */
void
job_download_name(const struct job *job, char out[JOB_FILE_NAME])
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT], wallet[UUID_TEXT];

	uuid_format(&job->wallet, wallet);
	instant_format(job->from, from);
	instant_format(job->to > job->from ? job->to - 1 : job->to, to);
	snprintf(out, JOB_FILE_NAME, "statement-%s-%.10s-%.10s.%s", wallet + 24, from, to,
		formats[job->format].ending);
}

/* No link before the file is complete, nor after it was removed. */
static json_t *
file_json(const struct job *job, const char *id)
{
	char url[96];

	if (job->status != JOB_READY || job->removed)
		return json_null();
	snprintf(url, sizeof url, "/v1/statements/%s/file", id);
	return json_pack("{s:s, s:I, s:s}", "url", url, "bytes", (json_int_t)job->bytes, "sha256",
		job->sha256);
}

static json_t *
number_json(bool present, int64_t n)
{
	return present ? json_integer((json_int_t)n) : json_null();
}

json_t *
job_json(const struct job *job)
{
	char id[UUID_TEXT], wallet[UUID_TEXT];
	char from[INSTANT_TEXT], to[INSTANT_TEXT], created[INSTANT_TEXT], finished[INSTANT_TEXT];

	uuid_format(&job->id, id);
	uuid_format(&job->wallet, wallet);
	instant_format(job->from, from);
	instant_format(job->to, to);
	instant_format(job->created_at, created);
	instant_format(job->finished_at, finished);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s?}", "id", id,
		"wallet_id", wallet, "status", status_names[job->status], "progress",
		(json_int_t)job->progress, "format", format_names[job->format], "from", from, "to",
		to, "min_version", number_json(job->min_version > 0, job->min_version), "version",
		number_json(job->has_begun, job->head), "file", file_json(job, id), "created_at",
		created, "finished_at", job->has_finished ? finished : NULL);
}
