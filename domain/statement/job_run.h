/* job_run.h - writes the file of a statement job: streams it in constant memory, resumes after a
 * crash.
 *
 * A consumer claims a job with a lease, which each progress record renews, and with an advisory
 * lock, which ends with the connection. The consumer that takes over an abandoned job resumes after
 * the bytes that are known to be on disk.
 *
 * One thread runs jobs one after another. Two consumers can run different jobs at once. */
#ifndef DOMAIN_STATEMENT_JOB_RUN_H
#define DOMAIN_STATEMENT_JOB_RUN_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/db/db.h"

struct job_runner {
	struct db_pool *db;
	const char *folder;     /* of the files */
	bool mail;              /* send a mail when the file is ready */
	bool (*stopping)(void); /* called between steps: true leaves the job for another consumer */
};

/* Runs the job that has been due longest. *ran: whether a job was due. db must be a pool of one
 * connection that no other thread uses: the claim is also a lock of that connection, so the end of
 * the process releases the job at once. The outcome of the job is in its row and in the log; an
 * error means that the database is unavailable. */
enum error job_run_next(const struct job_runner *runner, bool *ran) MUST_CHECK;

#endif
