/* arrivals.c - checks that what was published has arrived and stays there; see arrivals.h.
 *
 * The follower's database can go back in time: it is restored, or a standby is promoted that lacked
 * the last commits. The events are acknowledged by then, so no one would send them again.
 *
 * Every few seconds, if something was published, we compare the wallets of the newly published rows
 * in both databases. Once all their lines have arrived, we write the next mark into the follower,
 * then the same mark into the origin. Both commits follow those of the lines. So a follower that
 * lost some lines either lacks the mark, or never had it. In the first case its mark is lower than
 * the origin's. In the second the comparison waits, and after GAP_ALARM counts the lines as lost.
 *
 * Then we compare all wallets, publish again what is missing (missing.c), and repeat until nothing
 * is. Consumers drop duplicates. What is known about the loss is stored in the follower: it is its
 * alarm, and lets us continue after a restart. */
#include "common/outbox/arrivals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/outbox/missing.h"

#define CHECK_MS 3000
#define SOON_MS 1000
#define PAUSE_MAX_MS 600000
#define WINDOW 1000 /* rows that are compared at once */
/* Passes that publish. What has not arrived by then never will, but makes dead letters. */
#define PASSES_MAX 3

struct arrivals {
	struct missing missing;
	int64_t pass_ms; /* no pass before this time */
};

/* ---- both databases ---- */

static const struct db_statement state_sql = { "arrival_state",
	"SELECT mark, checked, published, due FROM arrival_state($1)"
	" WHERE pg_try_advisory_lock(5788047217)",
	DB_IDEMPOTENT };

struct state {
	int64_t mark;
	const char *checked, *published;
	bool due;
};
static const struct db_column state_columns[] = {
	DB_COLUMN(NUMBER, "mark", struct state, mark),
	DB_COLUMN(BORROWED, "checked", struct state, checked),
	DB_COLUMN(BORROWED, "published", struct state, published),
	DB_COLUMN(BOOL, "due", struct state, due),
};

static const struct db_statement follower_mark_sql = { "arrival_mark",
	"SELECT mark, missed, passes FROM arrival_mark()", DB_IDEMPOTENT };

struct mark {
	int64_t mark, passes;
	bool missed;
};
static const struct db_column mark_columns[] = {
	DB_COLUMN(NUMBER, "mark", struct mark, mark),
	DB_COLUMN(BOOL, "missed", struct mark, missed),
	DB_COLUMN(NUMBER, "passes", struct mark, passes),
};

static const struct db_statement follower_move_sql = { "arrival_mark_move",
	"SELECT arrival_mark_move($1)", DB_IDEMPOTENT };
static const struct db_statement record_sql = { "arrival_record",
	"SELECT arrival_record($1, $2, $3)", DB_IDEMPOTENT };
static const struct db_statement follower_missed_sql = { "arrival_missed",
	"SELECT arrival_missed($1, $2)", DB_IDEMPOTENT };

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- lines were lost: compare everything ---- */

static enum error
loss_record(struct arrivals *a, int64_t passes, const char *detail)
{
	log_error("alarm: %s", detail);
	return db_execute(a->missing.follower, &follower_missed_sql,
		DB_VALUES(db_text(detail), db_number(passes)), NULL);
}

static enum error
loss_mend(struct arrivals *a, const struct state *s, const struct mark *m)
{
	bool publish = m->passes < PASSES_MAX, is_short;
	int64_t missing = 0, began = clock_monotonic_ms();
	char detail[160];
	enum error e = missing_queue_short(&a->missing, &is_short);

	if (e != OK || (m->passes > 0 && (!is_short || began < a->pass_ms)) ||
	    (e = missing_pass(&a->missing, s->published, publish, &missing)) != OK)
		return e;
	if (missing == 0) {
		log_info("all lines have arrived again");
		amqp_close(a->missing.amqp);
		return db_execute(a->missing.follower, &follower_move_sql,
			DB_VALUES(db_number(larger(s->mark, m->mark))), NULL);
	}
	a->pass_ms = began + (m->passes < 9 ? SOON_MS << m->passes : PAUSE_MAX_MS);
	(void)snprintf(detail, sizeof detail,
		publish ? "lines were lost, and %" PRId64 " are being published again"
			: "lines were lost, and %" PRId64 " do not arrive:"
			  " run purse statement rebuild --all",
		missing);
	return loss_record(a, m->passes + 1, detail);
}

/* ---- as usual: compare what is new ---- */

static const struct db_statement window_sql = { "arrival_window",
	"SELECT wallet_id, version, overdue, last FROM arrival_window($1, $2, $3)", DB_IDEMPOTENT };

struct window {
	bool overdue;
	const char *last;
};
static const struct db_column window_columns[] = {
	DB_COLUMN(BOOL, "overdue", struct window, overdue),
	DB_COLUMN(BORROWED, "last", struct window, last),
};

/* Moves `at` past the next rows if their lines have arrived. */
static enum error
window_pass(struct arrivals *a, char at[XID_TEXT], const char *until, bool *more, bool *overdue)
{
	struct window w;
	DB_ROWS(rows);
	DB_ROWS(behind);
	enum error e = db_execute(a->missing.origin, &window_sql,
		DB_VALUES(db_text(at), db_text(until), db_number(WINDOW)), &rows);

	*more = false;
	if (e != OK)
		return e;
	if (rows_count(rows) == 0) {
		(void)snprintf(at, XID_TEXT, "%s", until);
		return OK;
	}
	if ((e = rows_read(rows, 0, DB_COLUMNS(window_columns), NULL, &w)) != OK ||
	    (e = missing_wallets(&a->missing, rows, &behind)) != OK)
		return e;
	if (rows_count(behind) > 0) {
		*overdue = w.overdue;
		return OK;
	}
	(void)snprintf(at, XID_TEXT, "%s", w.last);
	*more = strcmp(at, until) != 0;
	return OK;
}

/* Writes the next mark if lines have arrived: first into the follower. */
static enum error
news_record(struct arrivals *a, const struct state *s, const struct mark *m, const char *at)
{
	struct missing *both = &a->missing;
	bool moved = strcmp(at, s->checked) != 0;
	int64_t mark = moved ? larger(s->mark, m->mark) + 1 : s->mark;
	enum error e = OK;

	if (moved)
		e = db_execute(both->follower, &follower_move_sql, DB_VALUES(db_number(mark)),
			NULL);
	if (e != OK || (!moved && !s->due))
		return e;
	return db_execute(both->origin, &record_sql,
		DB_VALUES(db_number(mark), db_text(at), db_number(config_number(OPT_GAP_ALARM))),
		NULL);
}

static enum error
news_check(struct arrivals *a, const struct state *s, const struct mark *m)
{
	bool more = strcmp(s->checked, s->published) != 0, overdue = false, is_short = false;
	char at[XID_TEXT];
	enum error e = OK;

	(void)snprintf(at, sizeof at, "%s", s->checked);
	while (e == OK && more && !program_stopping())
		e = window_pass(a, at, s->published, &more, &overdue);
	if (e == OK)
		e = news_record(a, s, m, at);
	if (e == OK && overdue)
		e = missing_queue_short(&a->missing, &is_short);
	if (e != OK || !is_short)
		return e;
	return loss_record(a, 0, "lines that were published did not arrive, or were lost again");
}

/* ---- the loop ---- */

/* Reads the origin's mark first: a copy of us that writes meanwhile writes the follower's first, so
 * it cannot look as if the follower had lost its mark. */
static enum error
check(struct arrivals *a, bool *soon)
{
	struct state s;
	struct mark m;
	DB_ROWS(states);
	DB_ROWS(marks);
	enum error e = db_execute(a->missing.origin, &state_sql,
		DB_VALUES(db_number(config_number(OPT_GAP_ALARM))), &states);

	*soon = false;
	if (e != OK || rows_count(states) == 0 ||
	    (e = rows_read(states, 0, DB_COLUMNS(state_columns), NULL, &s)) != OK ||
	    (e = db_execute(a->missing.follower, &follower_mark_sql, DB_NO_VALUES, &marks)) != OK ||
	    rows_count(marks) == 0 ||
	    (e = rows_read(marks, 0, DB_COLUMNS(mark_columns), NULL, &m)) != OK)
		return e;
	if (!m.missed && m.mark >= s.mark)
		return news_check(a, &s, &m);
	*soon = true;
	if (!m.missed)
		e = loss_record(a, 0, "the database went back in time, as after a restore;"
				      " what it lost is being published again");
	return e != OK ? e : loss_mend(a, &s, &m);
}

bool
arrivals_watch(const struct arrival_source *source, bool drain)
{
	struct arrivals a = { .pass_ms = 0 };
	bool soon = false;
	enum error e = ERR_OVERLOADED;

	if (config_text(source->origin) == NULL || config_text(source->follower) == NULL)
		return true;
	if (missing_open(&a.missing, source))
		do {
			e = check(&a, &soon);
		} while (!drain && program_sleep(soon ? SOON_MS : CHECK_MS));
	else
		log_error("cannot watch what arrives: out of memory");
	missing_close(&a.missing);
	return e == OK || !drain;
}
