/* job_run.h - makes the file of a statement job: streamed in constant memory, going on where a
 * crash left it.
 *
 * A job is claimed with a lease that each progress renews, and with a lock that ends with the
 * connection. Whoever claims the job of a consumer that is gone goes on behind what is known to be
 * on disk. */
#ifndef DOMAIN_STATEMENT_JOB_RUN_H
#define DOMAIN_STATEMENT_JOB_RUN_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/db/db.h"

struct job_runner {
	struct db_pool *db;
	const char *folder;      /* of the files */
	bool mail;               /* a mail is due when a file is ready */
	bool (*stopping)(void);  /* asked between steps: the job is then left for the next one */
};

/* Runs the job that is due the longest. db must be a pool of one connection, used for nothing else
 * by another thread: the claim is also a lock of that connection, so that the end of its process
 * frees the job at once. *ran: there was one. What became of it is in its row and in the log; an
 * error means that the database is away. */
enum error job_run_next(const struct job_runner *runner, bool *ran) MUST_CHECK;

#endif
