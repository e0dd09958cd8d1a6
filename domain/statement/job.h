/* job.h - jobs that write long statements to a file: request, claim, show. job_run.h runs them. */
#ifndef DOMAIN_STATEMENT_JOB_H
#define DOMAIN_STATEMENT_JOB_H

#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/statement/format.h"

#define SHA256_HEX 65  /* 64 digits and NUL */
#define FOLDER_MAX 512 /* bytes of STATEMENT_DIR, with NUL */
#define JOB_FILE_NAME 64

enum job_status { JOB_QUEUED, JOB_RUNNING, JOB_READY, JOB_FAILED, JOB_STATUS_COUNT };

struct job {
	struct uuid id, owner, wallet; /* owner: the user who requested it */
	instant_us from, to, created_at, finished_at;
	bool has_finished;
	enum job_status status;
	enum format format;
	int64_t progress; /* percent */
	int64_t bytes; /* of the finished file */
	char sha256[SHA256_HEX];
	bool removed; /* the file was deleted after STATEMENT_KEEP_DAYS */
	int64_t min_version; /* 0: none */
	int64_t attempts; /* since the file last grew */
	/* The lines that the file covers; set when the job first runs. */
	bool has_begun;
	int64_t first, last, head, opening, closing;
	/* How much of the file is safely on disk: where a retry resumes. */
	int64_t done_version, done_balance, done_bytes;
};

struct job_spec {
	struct uuid owner, wallet;
	instant_us from, to;
	enum format format;
	int64_t min_version;
	const char *request; /* the query as sent, to recognize the same request */
	const char *key;     /* idempotency key, or NULL */
};

/* Stores a job and its event in one commit. Returns the existing job if the key is the same, or if
 * the request is the same and its job unfinished. A new job is returned as created, even if a
 * consumer has claimed it by now. ERR_RATE_LIMITED: the owner has STATEMENT_JOBS_MAX unfinished
 * jobs. */
enum error job_request(struct db_pool *db, const struct job_spec *spec, struct job *job) MUST_CHECK;
/* ERR_NOT_FOUND also if another user owns the job. any_owner: as in wallet_query. */
enum error job_find(struct db_pool *db, const struct uuid *id, const struct uuid *caller,
	bool any_owner, struct job *job) MUST_CHECK;
/* Whether the job exists, for any owner. */
enum error job_exists(struct db_pool *db, const struct uuid *id, bool *exists) MUST_CHECK;
/* Claims the job that has been due longest, with a lease of `lease_ms`. *found: whether a job was
 * due. See job_run.h. */
enum error job_claim(struct db_pool *db, const struct uuid *claim, int64_t lease_ms, bool *found,
	struct job *job) MUST_CHECK;

/* Whether to ask again later: neither ready nor failed. */
bool job_is_unfinished(const struct job *job);
/* The job as the API shows it. The caller owns the object. */
json_t *job_json(const struct job *job);
/* The name of the file in STATEMENT_DIR, and the name that the user downloads it as. */
void job_file_name(const struct uuid *id, enum format f, char out[JOB_FILE_NAME]);
void job_download_name(const struct job *job, char out[JOB_FILE_NAME]);

#endif
