/* worker.c - the background thread for jobs, mails and maintenance; see worker.h.
 *
 * The database is the queue, and the thread polls it every second; statement_requested only wakes
 * it earlier. So nothing depends on that event, and the thread finds the job of a crashed consumer
 * like a new one. */
#include "domain/statement/worker.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "domain/statement/job.h"
#include "domain/statement/job_run.h"
#include "domain/statement/mail.h"

#define POLL_MS 1000
#define MAINTENANCE_MS 60000
#define REMOVE_AT_ONCE 100 /* files a minute, so that jobs need not wait */
#define FORGET_AT_ONCE 500
#define MAIL_ATTEMPTS 6    /* with pauses that double from 30 s: a quarter of an hour */

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool woken, ending; /* under the lock */
	bool (*stopping)(void);
	struct db_pool *db, *auth; /* auth: NULL if mail is off */
	char folder[FOLDER_MAX];
};

/* ---- mails ---- */

/* A mail that is due, and its statement. */
struct mail_row {
	struct uuid id, owner;
	instant_us from, to;
	const char *format;
	int64_t bytes, attempts;
};

static const struct db_column mail_columns[] = {
	DB_COLUMN(UUID, "id", struct mail_row, id),
	DB_COLUMN(UUID, "owner_id", struct mail_row, owner),
	DB_COLUMN(INSTANT, "from_at", struct mail_row, from),
	DB_COLUMN(INSTANT, "to_at", struct mail_row, to),
	DB_COLUMN(BORROWED, "format", struct mail_row, format),
	DB_COLUMN(NUMBER, "bytes", struct mail_row, bytes),
	DB_COLUMN(NUMBER, "attempts", struct mail_row, attempts),
};

struct account_row {
	const char *email;
};

static const struct db_column account_columns[] = {
	DB_COLUMN(BORROWED, "email", struct account_row, email),
};

static const struct db_statement email_find_sql = { "email_find",
	"SELECT email FROM account WHERE id = $1", DB_IDEMPOTENT };

/* The address is read when the mail is sent, so a changed one is used, and a deleted
 * account gets none. */
static enum error
mail_write_and_send(struct worker *w, const struct mail_row *due)
{
	char id[UUID_TEXT], from[INSTANT_TEXT], to[INSTANT_TEXT], body[1024];
	struct account_row account;
	DB_ROWS(rows);
	enum error e = db_query(w->auth, &email_find_sql, DB_VALUES(db_uuid(&due->owner)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	if ((e = rows_read(rows, 0, DB_COLUMNS(account_columns), NULL, &account)) != OK)
		return e;
	uuid_format(&due->id, id);
	instant_format(due->from, from);
	instant_format(due->to, to);
	snprintf(body, sizeof body,
		"Your statement is ready.\n\n"
		"From:   %s\nTo:     %s\nFormat: %s, %" PRId64 " bytes\n\n"
		"Download it, signed in as yourself, within %" PRId64
		" days:\n%s/v1/statements/%s/file\n",
		from, to, due->format, due->bytes, config_number(OPT_STATEMENT_KEEP_DAYS),
		config_text(OPT_PUBLIC_URL), id);
	return mail_send(&(struct mail){ .url = config_text(OPT_SMTP_URL),
		.from = config_text(OPT_SMTP_FROM),
		.to = account.email,
		.id = id,
		.subject = "Your statement is ready",
		.body = body });
}

static const struct db_statement mail_claim_sql = { "mail_claim",
	"SELECT id, owner_id, from_at, to_at, format, bytes, attempts FROM mail_claim($1)",
	DB_ONCE };

static const struct db_statement mail_sent_sql = { "mail_sent", "SELECT mail_sent($1)",
	DB_IDEMPOTENT };

/* Sends the mail that has been due longest. *ran: whether a mail was due. Failed mails are retried
 * up to MAIL_ATTEMPTS times. */
static enum error
mail_next(struct worker *w, bool *ran)
{
	struct mail_row due;
	DB_ROWS(rows);
	enum error e;

	*ran = false;
	if (w->auth == NULL)
		return OK;
	e = db_query(w->db, &mail_claim_sql, DB_VALUES(db_number(MAIL_ATTEMPTS)), &rows);
	if (e != OK)
		return e;
	if (!(*ran = rows_count(rows) > 0))
		return OK;
	if ((e = rows_read(rows, 0, DB_COLUMNS(mail_columns), NULL, &due)) != OK)
		return e;
	if (due.attempts > MAIL_ATTEMPTS) {
		log_error("giving up on the mail for a statement after %d attempts", MAIL_ATTEMPTS);
		return OK;
	}
	if (mail_write_and_send(w, &due) != OK) {
		log_warn("will retry the mail for a statement later");
		return OK;
	}
	return db_query(w->db, &mail_sent_sql, DB_VALUES(db_uuid(&due.id)), NULL);
}

/* ---- maintenance ---- */

struct file_row {
	struct uuid id;
	enum format format;
};

static const struct db_column file_columns[] = {
	DB_COLUMN(UUID, "id", struct file_row, id),
	DB_COLUMN_ENUM("format", struct file_row, format, format_names),
};

static const struct db_statement file_removed_sql = { "file_removed", "SELECT file_removed($1)",
	DB_IDEMPOTENT };

/* Removes the file before recording it: after a crash in between, removing it again is harmless. */
static enum error
file_remove(struct worker *w, const struct file_row *file)
{
	char name[JOB_FILE_NAME], path[FOLDER_MAX + JOB_FILE_NAME];

	job_file_name(&file->id, file->format, name);
	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	if (unlink(path) != 0 && errno != ENOENT) {
		log_error("could not remove statement file %s: %s", path, strerror(errno));
		return OK; /* continue with the next file */
	}
	return db_query(w->db, &file_removed_sql, DB_VALUES(db_uuid(&file->id)), NULL);
}

static const struct db_statement files_expired_sql = { "files_expired",
	"SELECT id, format FROM files_expired(" DB_MS("$1") ", $2)", DB_IDEMPOTENT };

/* Stops at the first database error: the next round finds the same files. */
static void
files_remove(struct worker *w)
{
	DB_ROWS(rows);
	int64_t keep_ms = config_number(OPT_STATEMENT_KEEP_DAYS) * 86400000;
	struct file_row file;

	if (db_query(w->db, &files_expired_sql,
		    DB_VALUES(db_number(keep_ms), db_number(REMOVE_AT_ONCE)), &rows) != OK)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (rows_read(rows, i, DB_COLUMNS(file_columns), NULL, &file) == OK &&
			file_remove(w, &file) != OK)
			return;
}

static const struct db_statement jobs_forget_sql = { "jobs_forget",
	"SELECT jobs_forget(" DB_MS("$1") ", $2::integer)", DB_IDEMPOTENT };

/* In small commits, because the relay waits for each. */
static void
jobs_forget(struct worker *w)
{
	int64_t forgotten = FORGET_AT_ONCE;

	while (forgotten == FORGET_AT_ONCE && !w->stopping()) {
		DB_ROWS(rows);

		if (db_query(w->db, &jobs_forget_sql,
			    DB_VALUES(db_number(config_number(OPT_STATEMENT_JOB_KEEP)),
				    db_number(FORGET_AT_ONCE)),
			    &rows) != OK)
			return;
		forgotten = rows_number(rows, 0, 0);
	}
}

struct gap_row {
	const char *wallet, *since;
	int64_t version;
};

static const struct db_column gap_columns[] = {
	DB_COLUMN(BORROWED, "wallet_id", struct gap_row, wallet),
	DB_COLUMN(NUMBER, "version", struct gap_row, version),
	DB_COLUMN(BORROWED, "gap_since", struct gap_row, since),
};

static const struct db_statement gaps_sql = { "gaps",
	"SELECT wallet_id, version, gap_since FROM wallet "
	"WHERE gap_since < clock_timestamp() - " DB_MS("$1") " ORDER BY gap_since LIMIT 10",
	DB_IDEMPOTENT };

/* Reports gaps even if no one requests the statement. */
static void
gaps_report(struct worker *w)
{
	DB_ROWS(rows);
	struct gap_row gap;

	if (db_query(w->db, &gaps_sql, DB_VALUES(db_number(config_number(OPT_GAP_ALARM))),
		    &rows) != OK)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (rows_read(rows, i, DB_COLUMNS(gap_columns), NULL, &gap) == OK)
			log_error("alarm: wallet %s has been missing line %" PRId64 " since %s",
				gap.wallet, gap.version + 1, gap.since);
}

/* ---- the thread ---- */

/* Runs until nothing is due, the database is unavailable, or the program stops. Jobs first: a mail
 * can wait, and its server may be slow. */
static void
work(struct worker *w)
{
	struct job_runner runner = {
		.db = w->db, .folder = w->folder, .mail = w->auth != NULL, .stopping = w->stopping
	};
	bool ran = true;

	while (ran && !w->stopping()) {
		if (job_run_next(&runner, &ran) != OK)
			return;
		if (!ran && mail_next(w, &ran) != OK)
			return;
	}
}

/* Returns false if the thread must end. A wake-up that comes while the thread works is kept in
 * `woken`, and not lost. */
static bool
wait_for_work(struct worker *w)
{
	int64_t until = clock_monotonic_ms() + POLL_MS;
	struct timespec ts = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };
	bool go_on;

	pthread_mutex_lock(&w->lock);
	while (!w->woken && !w->ending)
		if (pthread_cond_timedwait(&w->changed, &w->lock, &ts) == ETIMEDOUT)
			break;
	w->woken = false;
	go_on = !w->ending;
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

/* After the last wait it works once more, for --drain: what was queued before
 * worker_end() is done. */
static void *
worker_main(void *context)
{
	struct worker *w = context;
	int64_t maintenance_at = 0;

	do {
		if (clock_monotonic_ms() >= maintenance_at && !w->stopping()) {
			files_remove(w);
			jobs_forget(w);
			gaps_report(w);
			maintenance_at = clock_monotonic_ms() + MAINTENANCE_MS;
		}
		work(w);
	} while (wait_for_work(w));
	work(w);
	return NULL;
}

/* ---- start and end ---- */

static void
worker_free(struct worker *w)
{
	db_pool_free(w->db);
	db_pool_free(w->auth);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Pools of one connection: the thread is alone, and the claim of a job belongs
 * to its connection. */
static bool
worker_open(struct worker *w)
{
	w->db = db_pool_new(config_text(OPT_STATEMENT_DATABASE_URL), 1);
	if (config_text(OPT_SMTP_URL) != NULL) {
		if (!config_require(OPT_AUTH_DATABASE_URL) ||
			curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
			return false;
		w->auth = db_pool_new(config_text(OPT_AUTH_DATABASE_URL), 1);
		if (w->auth == NULL)
			return false;
	}
	return w->db != NULL &&
	       config_folder(OPT_STATEMENT_DIR, "statements", w->folder, sizeof w->folder);
}

struct worker *
worker_start(bool (*stopping)(void))
{
	struct worker *w = calloc(1, sizeof *w);
	pthread_condattr_t monotonic;

	if (w == NULL)
		return NULL;
	w->stopping = stopping;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (worker_open(w) && pthread_create(&w->thread, NULL, worker_main, w) == 0)
		return w;
	fprintf(stderr, "could not start the thread for statement files\n");
	worker_free(w);
	return NULL;
}

void
worker_wake(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void
worker_end(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_free(w);
}
