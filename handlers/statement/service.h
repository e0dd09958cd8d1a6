/* service.h - the Statement service's handlers and the state that they share. */
#ifndef HANDLERS_STATEMENT_SERVICE_H
#define HANDLERS_STATEMENT_SERVICE_H

#include "common/db/db.h"
#include "common/http/service.h"
#include "domain/statement/job.h"

struct statement_service {
	struct db_pool *db;
	char folder[FOLDER_MAX]; /* of the statement files */
};

handler statements_get;    /* GET /v1/statements */
handler job_get;           /* GET /v1/statements/{id} */
handler job_file_get;      /* GET /v1/statements/{id}/file */
handler health_get;        /* GET /health/statement */
handler alarms_get;        /* GET /health/statement/alarms */

#endif
