/* trust.c - which events the statement believes; see trust.h. */
#include "domain/statement/trust.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#define QUIET_MS 60000

static const struct db_statement find_trust_sql = { "find_trust",
	"SELECT signed_since IS NOT NULL AS signed FROM event_trust", DB_IDEMPOTENT };

struct trust_row {
	bool is_signed;
};
static const struct db_column trust_columns[] = {
	DB_COLUMN(BOOL, "signed", struct trust_row, is_signed),
};

static const struct db_statement events_signed_sql = { "events_signed", "SELECT events_signed()",
	DB_IDEMPOTENT };

enum error
trust_begin(struct trust *t, struct db *db)
{
	struct trust_row row;
	DB_ROWS(rows);
	enum error e;

	t->seen = false;
	if (t->loaded)
		return OK;
	if ((e = db_execute(db, &find_trust_sql, DB_NO_VALUES, &rows)) != OK ||
	    (e = rows_read(rows, 0, DB_COLUMNS(trust_columns), NULL, &row)) != OK)
		return e;
	t->loaded = true;
	t->signed_only = row.is_signed;
	t->unsigned_ms = clock_monotonic_ms();
	if (!t->signed_only)
		log_info("accepting events without a MAC until the first one with a MAC");
	return OK;
}

bool
trust_event(struct trust *t, bool has_mac)
{
	if (has_mac) {
		t->seen = true;
		return true;
	}
	if (t->signed_only || t->seen)
		return false;
	t->unsigned_ms = clock_monotonic_ms();
	return true;
}

static enum error
trust_close(struct trust *t, struct db *db)
{
	enum error e = db_execute(db, &events_signed_sql, DB_NO_VALUES, NULL);

	if (e != OK)
		return e;
	t->signed_only = true;
	log_info("events without a MAC are no longer accepted");
	return OK;
}

enum error
trust_end(struct trust *t, struct db *db)
{
	return t->seen && !t->signed_only ? trust_close(t, db) : OK;
}

void
trust_expire(struct trust *t, struct db *db)
{
	if (!t->loaded && trust_begin(t, db) != OK)
		return; /* the next call tries again */
	if (!t->signed_only && clock_monotonic_ms() - t->unsigned_ms > QUIET_MS &&
	    trust_close(t, db) != OK)
		log_warn("could not record that events must have a MAC: trying again");
}
