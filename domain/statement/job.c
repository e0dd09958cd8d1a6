/* job.c - asking for statement jobs and showing them; see job.h. */
#include "domain/statement/job.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

static const char *const status_names[JOB_STATUS_COUNT] = {
	[JOB_QUEUED] = "queued",
	[JOB_RUNNING] = "running",
	[JOB_READY] = "ready",
	[JOB_FAILED] = "failed",
};

static enum job_status
status_find(const char *name)
{
	enum job_status s = JOB_QUEUED;

	while (s < JOB_STATUS_COUNT && strcmp(status_names[s], name) != 0)
		s++;
	return s;
}

bool
job_from_row(const struct db_rows *rows, size_t row, struct job *job)
{
	const char *sha256 = rows_text(rows, row, JOB_SHA256);

	*job = (struct job){
		.id = rows_uuid(rows, row, JOB_ID),
		.owner = rows_uuid(rows, row, JOB_OWNER),
		.wallet = rows_uuid(rows, row, JOB_WALLET),
		.from = rows_instant(rows, row, JOB_FROM),
		.to = rows_instant(rows, row, JOB_TO),
		.created_at = rows_instant(rows, row, JOB_CREATED),
		.finished_at = rows_instant(rows, row, JOB_FINISHED),
		.status = status_find(rows_text(rows, row, JOB_STATUS)),
		.format = format_find(rows_text(rows, row, JOB_FORMAT)),
		.progress = rows_number(rows, row, JOB_PROGRESS),
		.min_version = rows_number(rows, row, JOB_MIN_VERSION),
		.attempts = rows_number(rows, row, JOB_ATTEMPTS),
		.first = rows_number(rows, row, JOB_FIRST),
		.last = rows_number(rows, row, JOB_LAST),
		.head = rows_number(rows, row, JOB_HEAD),
		.opening = rows_number(rows, row, JOB_OPENING),
		.closing = rows_number(rows, row, JOB_CLOSING),
		.done_version = rows_number(rows, row, JOB_DONE_VERSION),
		.done_balance = rows_number(rows, row, JOB_DONE_BALANCE),
		.done_bytes = rows_number(rows, row, JOB_DONE_BYTES),
		.bytes = rows_number(rows, row, JOB_BYTES),
		.removed = rows_bool(rows, row, JOB_REMOVED),
	};
	snprintf(job->sha256, sizeof job->sha256, "%s", sha256 != NULL ? sha256 : "");
	if (job->status < JOB_STATUS_COUNT && job->format < FORMAT_COUNT)
		return true;
	log_error("a job has a status or a format that this program does not know");
	return false;
}

static const struct db_statement job_find_sql = { "job_find", "SELECT " JOB_COLUMNS " FROM job WHERE id = $1 AND ($3 OR owner_id = $2)", DB_AGAIN };

enum error
job_find(struct db_pool *db, const struct uuid *id, const struct uuid *caller, bool any_owner, struct job *job)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &job_find_sql, DB_VALUES(db_uuid(id), db_uuid(caller), db_bool(any_owner)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	return job_from_row(rows, 0, job) ? OK : ERR_INTERNAL;
}

static const struct db_statement job_exists_sql = { "job_exists", "SELECT 1 FROM job WHERE id = $1", DB_AGAIN };

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
	DB_AGAIN };

enum error
job_request(struct db_pool *db, const struct job_wanted *wanted, struct job *job)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	struct uuid id = uuid_v7();
	DB_ROWS(rows);
	const char *outcome;
	enum error e = db_query(db, &job_request_sql,
		DB_VALUES(db_uuid(&id), db_uuid(&wanted->owner), db_uuid(&wanted->wallet), db_instant(wanted->from, from),
			db_instant(wanted->to, to), db_text(format_names[wanted->format]), db_number(wanted->min_version),
			db_text(wanted->asked), db_text(wanted->key), db_number(config_number(OPT_STATEMENT_JOBS_MAX))),
		&rows);

	if (e != OK)
		return e;
	outcome = rows_text(rows, 0, JOB_OUTCOME);
	if (strcmp(outcome, "queued") != 0 && strcmp(outcome, "same") != 0)
		return error_from_code(outcome);
	return job_from_row(rows, 0, job) ? OK : ERR_INTERNAL;
}

bool
job_is_unfinished(const struct job *job)
{
	return job->status == JOB_QUEUED || job->status == JOB_RUNNING;
}

void
job_file_name(const struct uuid *id, enum format f, char out[JOB_FILE_NAME])
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	snprintf(out, JOB_FILE_NAME, "%s.%s", text, format_names[f]);
}

/* The last day is the one in which the period ends: to is exclusive. */
void
job_download_name(const struct job *job, char out[JOB_FILE_NAME])
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];

	instant_format(job->from, from);
	instant_format(job->to > job->from ? job->to - 1 : job->to, to);
	snprintf(out, JOB_FILE_NAME, "statement-%.10s-%.10s.%s", from, to, format_names[job->format]);
}

static json_t *
file_json(const struct job *job, const char *id)
{
	char url[96];

	if (job->status != JOB_READY || job->removed)
		return json_null();
	snprintf(url, sizeof url, "/v1/statements/%s/file", id);
	return json_pack("{s:s, s:I, s:s}", "url", url, "bytes", (json_int_t)job->bytes, "sha256", job->sha256);
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
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:s, s:s?}", "id", id, "wallet_id", wallet, "status",
		status_names[job->status], "progress", (json_int_t)job->progress, "format", format_names[job->format], "from",
		from, "to", to, "file", file_json(job, id), "created_at", created, "finished_at",
		job->finished_at != 0 ? finished : NULL);
}
