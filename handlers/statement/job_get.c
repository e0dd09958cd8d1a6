/* job_get.c - GET /v1/statements/{id}: the progress of a statement job. */
#include "common/http/reply.h"
#include "domain/statement/job.h"
#include "handlers/statement/service.h"

/* GET /v1/statements/{id} - the job, with a link to its file once it is ready. */
struct reply *
job_get(struct request *r)
{
	struct statement_service *s = r->service;
	struct job job;
	struct reply *reply;
	enum error e;

	if ((e = job_find(s->db, &r->ids[0], &r->caller.user,
		     caller_reads_all(&r->caller), &job)) != OK)
		return reply_error(r, e);
	reply = reply_header(r, reply_json(r, 200, job_json(&job)), "Cache-Control", "no-store");
	if (job_is_unfinished(&job))
		reply_header(r, reply, "Retry-After", "1");
	return reply;
}
