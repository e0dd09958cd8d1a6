/* job.h - statements over the threshold, as jobs: asking for one, and how far it is. job_run.h does
 * the work. */
#ifndef DOMAIN_STATEMENT_JOB_H
#define DOMAIN_STATEMENT_JOB_H

#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/statement/format.h"

#define SHA256_HEX 65 /* 64 digits and NUL */
#define FOLDER_MAX 512 /* of the statement files */
#define JOB_FILE_NAME 64

enum job_status { JOB_QUEUED, JOB_RUNNING, JOB_READY, JOB_FAILED, JOB_STATUS_COUNT };

struct job {
	struct uuid id, owner, wallet; /* owner: who asked */
	instant_us from, to, created_at, finished_at;
	bool has_finished;
	enum job_status status;
	enum format format;
	int64_t progress;       /* per cent */
	int64_t bytes;          /* of the file, once ready */
	char sha256[SHA256_HEX];
	bool removed;           /* the file is gone: it was older than STATEMENT_KEEP_DAYS */
	int64_t min_version;
	int64_t attempts;       /* to run it, since its file last grew */
	/* What the file covers, once it is begun. */
	bool has_begun;
	int64_t first, last, head, opening, closing;
	/* How much of it is safe on disk. */
	int64_t done_version, done_balance, done_bytes;
};

struct job_wanted {
	struct uuid owner, wallet;
	instant_us from, to;
	enum format format;
	int64_t min_version;
	const char *asked;      /* the request as it was sent: equal for the same one */
	const char *key;        /* idempotency key; NULL: none */
};

/* Stores a job and its event in one commit. The same request while it is unfinished, or the same
 * key, is the same job; a new one is shown as it was made, though a consumer may have it by now.
 * ERR_RATE_LIMITED: the owner has STATEMENT_JOBS_MAX unfinished ones. */
enum error job_request(
	struct db_pool *db, const struct job_wanted *wanted, struct job *job) MUST_CHECK;
/* ERR_NOT_FOUND also for another user's. any_owner: an operator's right. */
enum error job_find(struct db_pool *db, const struct uuid *id, const struct uuid *caller,
	bool any_owner, struct job *job) MUST_CHECK;
/* Whether it exists, whoever asked. */
enum error job_exists(struct db_pool *db, const struct uuid *id, bool *exists) MUST_CHECK;
/* Takes the job that has been due the longest, for `lease_ms`; *found: there was one. See
 * job_run.h. */
enum error job_claim(struct db_pool *db, const struct uuid *claim, int64_t lease_ms, bool *found,
	struct job *job) MUST_CHECK;

bool job_is_unfinished(const struct job *job);
/* The API's form. Caller owns. */
json_t *job_json(const struct job *job);
/* Below STATEMENT_DIR; and the name that a user sees. */
void job_file_name(const struct uuid *id, enum format f, char out[JOB_FILE_NAME]);
void job_download_name(const struct job *job, char out[JOB_FILE_NAME]);

#endif
