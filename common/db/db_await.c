/* db_await.c - waiting for PostgreSQL's answers, with a deadline.
 *
 * statement_timeout is kept by the server, so it does not help against one that hangs (a stopped
 * process, a disk that does not answer): every wait has a deadline of its own, a little later.
 * Connections do not block, so that a peer that does not read holds up neither who sends nor who
 * says goodbye. */
#include <inttypes.h>
#include <poll.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

/* Nobody knows what became of what was sent. */
static void
answer_timed_out(struct db *db)
{
	log_error("the database has not answered for %" PRId64 " ms: the connection is given up",
		db->answer_timeout_ms);
	db_close(db);
	db->trouble = TROUBLE_SILENT;
}

bool
result_await(struct db *db)
{
	int64_t until = clock_monotonic_ms() + db->answer_timeout_ms;

	while (PQisBusy(db->connection)) {
		int unsent = PQflush(db->connection);
		struct pollfd p = { .fd = PQsocket(db->connection),
			.events = (short)(unsent == 1 ? POLLIN | POLLOUT : POLLIN) };
		int64_t left = until - clock_monotonic_ms();

		if (left <= 0) {
			answer_timed_out(db);
			return false;
		}
		if (poll(&p, 1, (int)left) > 0 && (p.revents & ~POLLOUT) != 0 &&
			PQconsumeInput(db->connection) != 1)
			break;
	}
	return true;
}

PGresult *
result_take(struct db *db, int sent)
{
	PGresult *result = NULL, *next;

	while (sent == 1 && result_await(db) && (next = PQgetResult(db->connection)) != NULL) {
		PQclear(result);
		result = next;
	}
	if (db->connection != NULL)
		return result;
	PQclear(result);
	return NULL;
}
