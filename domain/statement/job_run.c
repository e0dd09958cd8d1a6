/* job_run.c - writes the file of a statement job; see job_run.h.
 *
 * A run claims a job and fixes its span: the wallet as it is then, so later lines change nothing.
 * It reads the lines in chunks along the primary key, checks them like those of a page, and writes
 * them. From time to time it syncs the file and then records its length. In this order, a record
 * never claims bytes that a crash could lose. At the end it renames the file and marks the job
 * ready. Each record is one short transaction. */
#include "domain/statement/job_run.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "domain/statement/job.h"
#include "domain/statement/part.h"
#include "domain/statement/statements.h"

/* How long a consumer can hang before another one takes its job; each record renews it. If its
 * connection ends, the job is free at once. */
#define LEASE_MS 15000
#define HASH_BYTES_PER_MS 20000 /* of a slow machine */
/* Bounds the memory: a job of a million lines takes 13 MiB (bench/NOTES.md). */
#define CHUNK_LINES 4000
/* Each record costs a sync to disk and a commit; a crash loses at most the work since the last. */
#define RECORD_EVERY_MS 200
#define GAP_PAUSE_MS 1000
#define RETRY_PAUSE_MS 5000
#define MIN_VERSION_MS 10000 /* since the request, before a job goes on without min_version */
/* Without progress: a job that has recorded new lines starts to count again. */
#define ATTEMPTS_MAX 20

/* The result of a step. Everything but STEP_OK ends the run. */
enum step {
	STEP_OK,
	STEP_LOST,    /* another consumer has the job: leave everything as it is */
	STEP_STOPPED, /* this consumer is shutting down: another one resumes the job */
	STEP_WAIT,    /* lines are missing but can still arrive */
	STEP_FAILED,  /* permanent: inconsistent lines, unknown wallet or too many attempts */
	STEP_RETRY,   /* database or disk error: retry later */
};

struct run {
	const struct job_runner *runner;
	struct job job;
	struct uuid claim;
	struct span span;
	struct chain chain;  /* the last line written to the file */
	char name[JOB_FILE_NAME]; /* of the file */
	struct part part;
	struct text text;
	int64_t record_at_ms;
	const char *failure; /* the reason to store if the job fails */
};

struct claim_row {
	bool ours;
};

static const struct db_column claim_columns[] = {
	DB_COLUMN(BOOL, "ours", struct claim_row, ours),
};

/* Updates the claimed row; STEP_LOST if the claim is no longer ours. Every write is conditional on
 * the claim, so a consumer that lost its job cannot disturb the one that has it. */
static enum step
record(struct run *run, const struct db_statement *statement, const struct db_value *values,
	size_t count)
{
	struct claim_row claim;
	DB_ROWS(rows);

	if (db_query(run->runner->db, statement, values, count, &rows) != OK ||
	    rows_read(rows, 0, DB_COLUMNS(claim_columns), NULL, &claim) != OK)
		return STEP_RETRY;
	return claim.ours ? STEP_OK : STEP_LOST;
}

static const struct db_statement job_progress_sql = { "job_progress",
	"SELECT job_progress($1, $2, " DB_MS("$3") ", $4, $5, $6, $7) AS ours", DB_IDEMPOTENT };

/* Records how much of the file is on disk: at most 99 percent until the file is renamed. */
static enum step
record_done(struct run *run, int64_t lease_ms)
{
	const struct job *job = &run->job;
	int64_t lines = job->last - job->first + 1, done = job->done_version - job->first + 1;

	return record(run, &job_progress_sql,
		DB_VALUES(db_uuid(&job->id), db_uuid(&run->claim), db_number(lease_ms),
			db_number(lines > 0 ? done * 99 / lines : 0), db_number(job->done_version),
			db_number(job->done_balance), db_number(job->done_bytes)));
}

/* An unknown wallet or lines that do not add up stay so; what else fails can be
 * different next time. */
static enum step
step_of(enum error e)
{
	if (e == OK)
		return STEP_OK;
	return e == ERR_INCONSISTENT || e == ERR_NOT_FOUND ? STEP_FAILED : STEP_RETRY;
}

/* ---- start ---- */

/* A missing line may still arrive: wait for it, but not forever. Then the file ends before it, and
 * its version says so. */
static enum step
span_wait(const struct run *run)
{
	instant_us age = clock_now() - run->job.created_at;

	if (span_may_be_completed(&run->span))
		return STEP_WAIT;
	return run->span.head < run->job.min_version && age < MIN_VERSION_MS * US_PER_MS ? STEP_WAIT
											 : STEP_OK;
}

/* Once begun, with the head of the first attempt, so lines that arrived since do not
 * change the file. */
static enum step
span_load(struct run *run)
{
	const struct job *job = &run->job;
	const struct span_query query = { .wallet = job->wallet, .from = job->from, .to = job->to,
		.has_head = job->has_begun, .head = job->head, .until = job->last };

	return step_of(span_find(run->runner->db, &query, &run->span));
}

static const struct db_statement job_begin_sql = { "job_begin",
	"SELECT job_begin($1, $2, " DB_MS("$3") ", $4, $5, $6, $7, $8) AS ours", DB_IDEMPOTENT };

/* Fixes the span before the first byte is written: all attempts then write the same file. */
static enum step
span_fix(struct run *run)
{
	struct job *job = &run->job;
	struct span *s = &run->span;
	enum step step;

	if ((step = span_load(run)) != STEP_OK || (step = span_wait(run)) != STEP_OK)
		return step;
	job->has_begun = true;
	job->first = s->after + 1;
	job->last = s->until;
	job->head = s->head;
	job->opening = s->opening;
	job->closing = s->closing;
	job->done_version = s->after;
	job->done_balance = s->opening;
	job->done_bytes = 0;
	return record(run, &job_begin_sql,
		DB_VALUES(db_uuid(&job->id), db_uuid(&run->claim), db_number(LEASE_MS),
			db_number(job->first), db_number(job->last), db_number(job->head),
			db_number(job->opening), db_number(job->closing)));
}

/* Loads the span of a job that started earlier, here or in another consumer. */
static enum step
span_recheck(struct run *run)
{
	const struct job *job = &run->job;
	const struct span *s = &run->span;
	enum step step = span_load(run);

	if (step == STEP_OK && (s->after != job->first - 1 || s->until != job->last ||
				       s->opening != job->opening || s->closing != job->closing)) {
		log_error("alarm: the lines of a statement changed before its file was complete");
		return STEP_FAILED;
	}
	return step;
}

/* Text that failed is out of memory, which may pass. */
static enum step
flush(struct run *run)
{
	enum step step;

	if (run->text.failed)
		return STEP_RETRY;
	step = step_of(part_write(&run->part, run->text.data, run->text.bytes));
	text_clear(&run->text);
	return step;
}

static enum step
file_begin(struct run *run)
{
	const struct job *job = &run->job;
	char wallet[UUID_TEXT];
	struct heading heading = span_heading(&run->span, wallet);
	enum step step;

	/* part_open() hashes the existing bytes first and records no progress meanwhile, so the
	 * lease must be longer. */
	if (job->done_bytes > 0 && (step = record_done(run,
		    LEASE_MS + job->done_bytes / HASH_BYTES_PER_MS)) != STEP_OK)
		return step;
	if ((step = step_of(part_open(&run->part, run->runner->folder, run->name,
		     job->done_bytes))) != STEP_OK)
		return step;
	run->chain = chain_begin(&run->span);
	if (run->part.bytes > 0) {
		log_info("resuming a statement file at line %" PRId64 ", byte %" PRId64,
			job->done_version + 1, run->part.bytes);
		return step_of(
			chain_seek(run->runner->db, &run->span, job->done_version, &run->chain));
	}
	formats[job->format].head(&run->text, &heading);
	return flush(run);
}

/* ---- the lines ---- */

/* Syncs before it records; the head of this file says why. */
static enum step
record_progress(struct run *run)
{
	enum step step;

	if (clock_monotonic_ms() < run->record_at_ms)
		return STEP_OK;
	if ((step = step_of(part_sync(&run->part))) != STEP_OK)
		return step;
	run->job.done_version = run->chain.version;
	run->job.done_balance = run->chain.balance;
	run->job.done_bytes = run->part.bytes;
	run->record_at_ms = clock_monotonic_ms() + RECORD_EVERY_MS;
	return record_done(run, LEASE_MS);
}

/* When stopping, records what is written, so the next consumer resumes here. */
static enum step
lines_write(struct run *run)
{
	enum step step = STEP_OK;

	run->record_at_ms = clock_monotonic_ms() + RECORD_EVERY_MS;
	while (step == STEP_OK && run->chain.version < run->span.until) {
		bool first = run->chain.version == run->span.after;

		if ((step = step_of(chain_read(run->runner->db, &run->span, CHUNK_LINES,
			     run->job.format, first, &run->chain, &run->text))) != STEP_OK ||
			(step = flush(run)) != STEP_OK || (step = record_progress(run)) != STEP_OK)
			return step;
		if (run->runner->stopping()) {
			run->record_at_ms = 0;
			step = record_progress(run);
			return step == STEP_OK ? STEP_STOPPED : step;
		}
	}
	return step;
}

/* ---- the end ---- */

static const struct db_statement job_finish_sql = { "job_finish",
	"SELECT job_finish($1, $2, $3, $4, $5) AS ours", DB_IDEMPOTENT };

/* The file gets its name before the row says ready, so a ready job always has a file. */
static enum step
file_end(struct run *run)
{
	unsigned char sha256[crypto_hash_sha256_BYTES];
	enum step step;

	/* Only fails for a span without lines: chain_read() has checked the others. */
	if (run->chain.balance != run->span.closing) {
		log_error("alarm: opening and closing balance of an empty statement differ");
		return STEP_FAILED;
	}
	formats[run->job.format].tail(&run->text, NULL);
	if ((step = flush(run)) != STEP_OK ||
		(step = step_of(part_finish(&run->part, sha256))) != STEP_OK)
		return step;
	return record(run, &job_finish_sql,
		DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim), db_number(run->part.bytes),
			db_bytes(sha256, sizeof sha256), db_bool(run->runner->mail)));
}

/* Each part is safe to repeat: after a crash anywhere, the next run comes through here again. */
static enum step
run_all(struct run *run)
{
	enum step step;

	if (run->job.attempts > ATTEMPTS_MAX) {
		log_error("alarm: giving up on a statement job after %" PRId64 " attempts",
			run->job.attempts - 1);
		run->failure = "given up";
		return STEP_FAILED;
	}
	if ((step = run->job.has_begun ? span_recheck(run) : span_fix(run)) != STEP_OK ||
	    (step = file_begin(run)) != STEP_OK || (step = lines_write(run)) != STEP_OK)
		return step;
	return file_end(run);
}

static const struct db_statement job_postpone_sql = { "job_postpone",
	"SELECT job_postpone($1, $2, " DB_MS("$3") ", $4) AS ours", DB_IDEMPOTENT };

/* Waiting for others does not count as an attempt; failing does. */
static enum step
postpone(struct run *run, int64_t pause_ms, bool counts)
{
	return record(run, &job_postpone_sql,
		DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim), db_number(pause_ms),
			db_bool(counts)));
}

static const struct db_statement job_fail_sql = { "job_fail", "SELECT job_fail($1, $2, $3) AS ours",
	DB_IDEMPOTENT };

/* Records the outcome. If that fails, the lease expires and another run takes over. */
static void
run_settle(struct run *run, enum step step)
{
	char id[UUID_TEXT];

	uuid_format(&run->job.id, id);
	switch (step) {
	case STEP_OK:
		log_info("statement %s is ready: %" PRId64 " bytes", id, run->part.bytes);
		break;
	case STEP_LOST:
		log_info("another consumer has taken over statement %s", id);
		break;
	case STEP_STOPPED:
		step = postpone(run, 0, false);
		log_info("leaving statement %s to another consumer", id);
		break;
	case STEP_WAIT:
		step = postpone(run, GAP_PAUSE_MS, false);
		log_info("statement %s is waiting for missing lines", id);
		break;
	case STEP_RETRY:
		step = postpone(run, RETRY_PAUSE_MS * run->job.attempts, true);
		log_warn("will retry statement %s later", id);
		break;
	case STEP_FAILED:
		log_error("alarm: statement %s failed", id);
		step = record(run, &job_fail_sql,
			DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim),
				db_text(run->failure)));
		if (step == STEP_OK)
			part_discard(&run->part);
		break;
	}
	if (step == STEP_RETRY)
		log_warn("could not record the outcome of statement %s: its lease will expire", id);
}

enum error
job_run_next(const struct job_runner *runner, bool *ran)
{
	struct run run = { .runner = runner, .claim = uuid_v7(), .failure = "inconsistent" };
	enum error e = job_claim(runner->db, &run.claim, LEASE_MS, ran, &run.job);

	if (e != OK || !*ran)
		return e;
	/* Set before the file is opened: if this attempt fails first, an earlier one may have left
	 * a file to discard. */
	job_file_name(&run.job.id, run.job.format, run.name);
	part_name(&run.part, runner->folder, run.name);
	run_settle(&run, run_all(&run));
	part_close(&run.part);
	text_free(&run.text);
	return OK;
}
