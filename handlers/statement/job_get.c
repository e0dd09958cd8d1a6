/* job_get.c - GET /v1/statements/{id}: the progress of a statement job. */
#include "common/http/reply.h"
#include "domain/statement/job.h"
#include "handlers/statement/service.h"
#include "handlers/statement/statement_reply.h"

/* GET /v1/statements/{id} - the job, with a link to its file once it is ready. */
struct reply *
job_get(struct request *r)
{
	struct job job;
	struct reply *reply;
	enum error e;

	if ((e = statement_job_find(r, &job)) != OK)
		return reply_error(r, e);
	reply = reply_header(r, reply_json(r, 200, job_json(&job)), "Cache-Control", "no-store");
	if (job_is_unfinished(&job))
		reply_header(r, reply, "Retry-After", "1");
	return reply;
}
