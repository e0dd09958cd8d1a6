/* standby.c - what the relay asks about the standbys of a database; see standby.h.
 *
 * A row that the relay can read was committed, and its commit record was written before. So all
 * rows of a batch lie before the end of the log as it is after the read, and a standby that has
 * flushed its log up to there has them all. */
#include "common/outbox/standby.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/program.h"

#define LOOK_MS 50
#define WARN_MS 10000

static const struct db_statement standby_end_sql = { "standby_end",
	"SELECT pg_current_wal_insert_lsn()::text AS lsn, pg_has_role(current_user,"
	" 'pg_read_all_stats', 'USAGE') AS may_look",
	DB_IDEMPOTENT };

struct wal_end {
	const char *lsn;
	bool may_look;
};
static const struct db_column wal_end_columns[] = {
	DB_COLUMN(BORROWED, "lsn", struct wal_end, lsn),
	DB_COLUMN(BOOL, "may_look", struct wal_end, may_look),
};

static const struct db_statement standby_has_sql = { "standby_has",
	"SELECT EXISTS (SELECT FROM pg_stat_replication WHERE flush_lsn >= $1::pg_lsn"
	" AND ($2 = 'any' OR sync_state IN ('sync', 'quorum'))) AS has",
	DB_IDEMPOTENT };

struct standby {
	bool has;
};
static const struct db_column standby_columns[] = {
	DB_COLUMN(BOOL, "has", struct standby, has),
};

static enum error
standby_has(struct relay *r, const char *lsn, bool *has)
{
	struct standby row = { false };
	DB_ROWS(rows);
	enum error e = db_execute(r->db, &standby_has_sql,
		DB_VALUES(db_text(lsn), db_text(config_text(OPT_RELAY_STANDBY))), &rows);

	if (e == OK)
		e = rows_read(rows, 0, DB_COLUMNS(standby_columns), NULL, &row);
	*has = row.has;
	return e;
}

static enum error
await(struct relay *r, const char *lsn)
{
	int64_t began = clock_monotonic_ms(), warn = began + WARN_MS;
	bool has = false;
	enum error e;

	while ((e = standby_has(r, lsn, &has)) == OK && !has) {
		int64_t now = clock_monotonic_ms();

		log_debug("%s: waiting for a standby to have %s", r->source->name, lsn);

		if (program_stopping() ||
			(r->drain && now - began > config_number(OPT_AMQP_TIMEOUT)))
			return ERR_UNAVAILABLE;
		if (now >= warn) {
			log_error("alarm: %s: for %" PRId64 " s no standby has the newest rows;"
				  " RELAY_STANDBY=%s holds their events back",
				r->source->name, (now - began) / 1000,
				config_text(OPT_RELAY_STANDBY));
			warn = now + WARN_MS;
		}
		if ((e = amqp_idle(r->amqp, LOOK_MS)) != OK)
			return e;
	}
	return e;
}

enum error
standby_await(struct relay *r)
{
	struct wal_end end;
	DB_ROWS(rows);
	enum error e;

	if (!r->source->has_standby || strcmp(config_text(OPT_RELAY_STANDBY), "none") == 0)
		return OK;
	if ((e = db_execute(r->db, &standby_end_sql, DB_NO_VALUES, &rows)) != OK ||
	    (e = rows_read(rows, 0, DB_COLUMNS(wal_end_columns), NULL, &end)) != OK)
		return e;
	if (end.may_look)
		return await(r, end.lsn);
	log_error("RELAY_STANDBY needs the right to see standbys: GRANT pg_read_all_stats"
		  " TO the role of %s",
		config_name(r->source->url));
	return ERR_UNAVAILABLE;
}
