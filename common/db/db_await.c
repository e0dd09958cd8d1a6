/* db_await.c - waits for PostgreSQL's results, with a deadline.
 *
 * The server enforces statement_timeout, which does not help against a server that hangs (a stopped
 * process, an unresponsive disk). So every wait has its own deadline, a little later. Connections
 * are non-blocking: a peer that does not read blocks neither sending nor closing. */
#include <inttypes.h>
#include <poll.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

/* No one knows whether the statement took effect. */
static void
answer_timed_out(struct db *db)
{
	log_error("the database did not respond within %" PRId64 " ms: closing the connection",
		db->answer_timeout_ms);
	db_suspect_others(db);
	db_close(db);
	db->failure = FAILURE_SILENT;
}

/* Waits for writing only while something is unsent: an idle socket is always writable, and would
 * make this a busy loop. */
bool
result_await(struct db *db)
{
	int64_t until;

	db->sent_ms = clock_monotonic_ms();
	until = db->sent_ms + db->answer_timeout_ms;
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

/* Reads to the end in any case: libpq accepts no next statement before PQgetResult()
 * has returned NULL. */
PGresult *
result_take(struct db *db, int sent)
{
	PGresult *result = NULL, *next;

	while (sent == 1 && result_await(db) && (next = PQgetResult(db->connection)) != NULL) {
		PQclear(result);
		result = next;
	}
	if (db->connection != NULL) {
		db->proven_ms = db->sent_ms;
		return result;
	}
	PQclear(result);
	return NULL;
}
