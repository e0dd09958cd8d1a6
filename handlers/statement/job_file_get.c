/* job_file_get.c - GET /v1/statements/{id}/file: downloads the file of a statement. */
#include <stdio.h>

#include "common/http/reply.h"
#include "domain/statement/job.h"
#include "handlers/statement/service.h"
#include "handlers/statement/statement_reply.h"

static enum error
file_check(struct request *r, const struct job *job)
{
	if (job->status == JOB_FAILED)
		return request_refuse(r, ERR_NOT_READY,
			"The statement could not be created. Request a new one.");
	if (job->status != JOB_READY) {
		request_retry_after(r, 1);
		return ERR_NOT_READY;
	}
	return job->removed ? ERR_GONE : OK;
}

/* GET /v1/statements/{id}/file - the file, or a range of it. */
struct reply *
job_file_get(struct request *r)
{
	struct statement_service *s = r->service;
	char name[JOB_FILE_NAME], download[JOB_FILE_NAME];
	struct job job;
	const char *path;
	enum error e;

	if ((e = statement_job_find(r, &job)) != OK || (e = file_check(r, &job)) != OK)
		return reply_error(r, e);
	job_file_name(&job.id, job.format, name);
	job_download_name(&job, download);
	if ((path = arena_printf(r->arena, "%s/%s", s->folder, name)) == NULL)
		return reply_error(r, ERR_TOO_LARGE);
	return statement_reply_version(r,
		reply_file(r, path, formats[job.format].media_type, download), job.head);
}
