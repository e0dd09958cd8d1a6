/* job_run.c - makes the file of a statement job; see job_run.h.
 *
 * The way of a job: claimed; its span fixed (the wallet as it stands then, so that lines that come
 * later change nothing); lines read by chunks along the primary key, checked like those of a page,
 * formatted, written. Now and then the file is synced and its length recorded, in that order: a
 * record never promises bytes that a crash could take. At the end the file is put in its place and
 * the job is ready. Each record is one short transaction. */
#include "domain/statement/job_run.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "domain/statement/job.h"
#include "domain/statement/part.h"
#include "domain/statement/statements.h"

#define LEASE_MS 15000
#define HASH_BYTES_PER_MS 20000 /* a slow machine's */
#define CHUNK_LINES 4000
#define RECORD_EVERY_MS 200
#define GAP_PAUSE_MS 1000
#define TROUBLE_PAUSE_MS 5000
#define MIN_VERSION_MS 10000 /* how long a job waits for a line that it was told to wait for */
#define ATTEMPTS_MAX 20

/* What became of a step. Those below STEP_AGAIN end the run. */
enum step {
	STEP_ON,       /* go on */
	STEP_LOST,     /* another consumer has the job: leave everything as it is */
	STEP_STOPPED,  /* we end: the next one goes on */
	STEP_WAIT,     /* lines are missing that may still come */
	STEP_WRONG,    /* it does not add up, or cannot be done */
	STEP_TROUBLE,  /* database or disk: again later */
};

struct run {
	const struct job_runner *runner;
	struct job job;
	struct uuid claim;
	struct span span;
	struct chain chain;
	char name[JOB_FILE_NAME]; /* of the file */
	struct part part;
	struct text text;
	int64_t record_at_ms;
	const char *failure;   /* for the row of a job that is given up */
};

struct claim_row {
	bool ours;
};

static const struct db_column claim_columns[] = {
	DB_COLUMN(BOOL, "ours", struct claim_row, ours),
};

/* An UPDATE of the claimed row: answers whether it is still ours. */
static enum step
record(struct run *run, const struct db_statement *statement, const struct db_value *values,
	size_t count)
{
	struct claim_row claim;
	DB_ROWS(rows);

	if (db_query(run->runner->db, statement, values, count, &rows) != OK ||
	    rows_read(rows, 0, DB_COLUMNS(claim_columns), NULL, &claim) != OK)
		return STEP_TROUBLE;
	return claim.ours ? STEP_ON : STEP_LOST;
}

static const struct db_statement job_progress_sql = { "job_progress",
	"SELECT job_progress($1, $2, " DB_MS("$3") ", $4, $5, $6, $7) AS ours", DB_AGAIN };

/* So much of the file is safe on disk; 99 per cent at most, until it is in its place. */
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

static enum step
step_of(enum error e)
{
	if (e == OK)
		return STEP_ON;
	return e == ERR_INCONSISTENT || e == ERR_NOT_FOUND ? STEP_WRONG : STEP_TROUBLE;
}

/* ---- beginning ---- */

/* A missing line may be on its way: wait, but not for ever. */
static enum step
span_wait(const struct run *run)
{
	instant_us age = clock_now() - run->job.created_at;

	if (run->span.has_gap)
		return span_check_gap(&run->span) == OK ? STEP_WAIT : STEP_WRONG;
	return run->span.head < run->job.min_version && age < MIN_VERSION_MS * US_PER_MS ? STEP_WAIT
											 : STEP_ON;
}

static enum step
span_search(struct run *run)
{
	const struct job *job = &run->job;
	const struct span_wanted wanted = { .wallet = job->wallet, .from = job->from, .to = job->to,
		.has_head = job->has_begun, .head = job->head };

	return step_of(span_find(run->runner->db, &wanted, &run->span));
}

static const struct db_statement job_begin_sql = { "job_begin",
	"SELECT job_begin($1, $2, " DB_MS("$3") ", $4, $5, $6, $7, $8) AS ours", DB_AGAIN };

static enum step
span_fix(struct run *run)
{
	struct job *job = &run->job;
	struct span *s = &run->span;
	enum step step;

	if ((step = span_search(run)) != STEP_ON || (step = span_wait(run)) != STEP_ON)
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

/* The span of a job that was begun before, by us or by another. */
static enum step
span_recall(struct run *run)
{
	const struct job *job = &run->job;
	const struct span *s = &run->span;
	enum step step = span_search(run);

	if (step == STEP_ON && (s->after != job->first - 1 || s->until != job->last ||
				       s->opening != job->opening || s->closing != job->closing)) {
		log_error("alarm: the lines of a statement have changed while it was made");
		return STEP_WRONG;
	}
	return step;
}

static enum step
flush(struct run *run)
{
	enum step step;

	if (run->text.failed)
		return STEP_TROUBLE;
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

	/* What is there is hashed again first: the longer it is, the longer we are silent. */
	if (job->done_bytes > 0 &&
		(step = record_done(run, LEASE_MS + job->done_bytes / HASH_BYTES_PER_MS)) !=
			STEP_ON)
		return step;
	if ((step = step_of(part_open(
		     &run->part, run->runner->folder, run->name, job->done_bytes))) != STEP_ON)
		return step;
	run->chain = chain_begin(&run->span);
	if (run->part.bytes > 0) {
		log_info("a statement file goes on at line %" PRId64 ", byte %" PRId64,
			job->done_version + 1, run->part.bytes);
		return step_of(
			chain_seek(run->runner->db, &run->span, job->done_version, &run->chain));
	}
	formats[job->format].head(&run->text, &heading);
	return flush(run);
}

/* ---- the lines ---- */

static enum step
record_progress(struct run *run)
{
	enum step step;

	if (clock_monotonic_ms() < run->record_at_ms)
		return STEP_ON;
	if ((step = step_of(part_sync(&run->part))) != STEP_ON)
		return step;
	run->job.done_version = run->chain.version;
	run->job.done_balance = run->chain.balance;
	run->job.done_bytes = run->part.bytes;
	run->record_at_ms = clock_monotonic_ms() + RECORD_EVERY_MS;
	return record_done(run, LEASE_MS);
}

static enum step
lines_write(struct run *run)
{
	enum step step = STEP_ON;

	run->record_at_ms = clock_monotonic_ms() + RECORD_EVERY_MS;
	while (step == STEP_ON && run->chain.version < run->span.until) {
		bool first = run->chain.version == run->span.after;

		if ((step = step_of(chain_read(run->runner->db, &run->span, CHUNK_LINES,
			     run->job.format, first, &run->chain, &run->text))) != STEP_ON ||
			(step = flush(run)) != STEP_ON || (step = record_progress(run)) != STEP_ON)
			return step;
		if (run->runner->stopping()) {
			run->record_at_ms = 0;
			step = record_progress(run);
			return step == STEP_ON ? STEP_STOPPED : step;
		}
	}
	return step;
}

/* ---- the end ---- */

static const struct db_statement job_finish_sql = { "job_finish",
	"SELECT job_finish($1, $2, $3, $4, $5) AS ours", DB_AGAIN };

static enum step
file_end(struct run *run)
{
	unsigned char sha256[crypto_hash_sha256_BYTES];
	enum step step;

	if (run->chain.balance !=
		run->span.closing) { /* a span without lines; the others were checked while read */
		log_error(
			"alarm: an empty statement opens with another balance than it closes with");
		return STEP_WRONG;
	}
	formats[run->job.format].tail(&run->text, NULL);
	if ((step = flush(run)) != STEP_ON ||
		(step = step_of(part_finish(&run->part, sha256))) != STEP_ON)
		return step;
	return record(run, &job_finish_sql,
		DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim), db_number(run->part.bytes),
			db_bytes(sha256, sizeof sha256), db_bool(run->runner->mail)));
}

static enum step
run_all(struct run *run)
{
	enum step step;

	if (run->job.attempts > ATTEMPTS_MAX) {
		log_error("alarm: a statement job failed %" PRId64 " times and is given up",
			run->job.attempts - 1);
		run->failure = "given up";
		return STEP_WRONG;
	}
	if ((step = run->job.has_begun ? span_recall(run) : span_fix(run)) != STEP_ON ||
	    (step = file_begin(run)) != STEP_ON || (step = lines_write(run)) != STEP_ON)
		return step;
	return file_end(run);
}

static const struct db_statement job_postpone_sql = { "job_postpone",
	"SELECT job_postpone($1, $2, " DB_MS("$3") ", $4) AS ours", DB_AGAIN };

static enum step
postpone(struct run *run, int64_t pause_ms, bool counts)
{
	return record(run, &job_postpone_sql,
		DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim), db_number(pause_ms),
			db_bool(counts)));
}

static const struct db_statement job_fail_sql = { "job_fail", "SELECT job_fail($1, $2, $3) AS ours",
	DB_AGAIN };

/* A record that cannot be made now makes no difference: the lease runs out. */
static void
run_settle(struct run *run, enum step step)
{
	char id[UUID_TEXT];

	uuid_format(&run->job.id, id);
	switch (step) {
	case STEP_ON:
		log_info("statement %s is ready: %" PRId64 " bytes", id, run->part.bytes);
		break;
	case STEP_LOST:
		log_info("statement %s was taken over by another consumer", id);
		break;
	case STEP_STOPPED:
		step = postpone(run, 0, false);
		log_info("statement %s is left for the next consumer", id);
		break;
	case STEP_WAIT:
		step = postpone(run, GAP_PAUSE_MS, false);
		log_info("statement %s waits for lines that are on their way", id);
		break;
	case STEP_TROUBLE:
		step = postpone(run, TROUBLE_PAUSE_MS * run->job.attempts, true);
		log_warn("statement %s is tried again later", id);
		break;
	case STEP_WRONG:
		log_error("alarm: statement %s failed", id);
		step = record(run, &job_fail_sql,
			DB_VALUES(db_uuid(&run->job.id), db_uuid(&run->claim),
				db_text(run->failure)));
		if (step == STEP_ON)
			part_discard(&run->part);
		break;
	}
	if (step == STEP_TROUBLE)
		log_warn("what became of statement %s could not be recorded: its lease runs out",
			id);
}

enum error
job_run_next(const struct job_runner *runner, bool *ran)
{
	struct run run = { .runner = runner, .claim = uuid_v7(), .failure = "inconsistent" };
	enum error e = job_claim(runner->db, &run.claim, LEASE_MS, ran, &run.job);

	if (e != OK || !*ran)
		return e;
	/* Known before the file is opened: a job that fails first may have left one at an earlier
	 * attempt. */
	job_file_name(&run.job.id, run.job.format, run.name);
	part_name(&run.part, runner->folder, run.name);
	run_settle(&run, run_all(&run));
	part_close(&run.part);
	text_free(&run.text);
	return OK;
}
