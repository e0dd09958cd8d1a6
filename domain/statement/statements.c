/* statements.c - reads and checks wallets, periods and lines; see statements.h.
 *
 * A page is proved while it is read. Each line must have the next version, the last balance plus
 * its amount, and a time not before the last. The opening and closing balance come from the same
 * snapshot as the span. So no line can be missing, doubled or changed unnoticed. */
#include "domain/statement/statements.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "domain/statement/job.h"

/* Polls: lines arrive within tens of milliseconds, and a NOTIFY would cost every batch of lines. */
#define WAIT_FIRST_MS 5
#define WAIT_MAX_MS 40

/* ---- wallets ---- */

static const struct db_statement wallet_find_sql = { "wallet_find",
	"SELECT wallet_id, owner_id, version FROM wallet_find($1, $2, $3)", DB_IDEMPOTENT };

static const struct db_column wallet_columns[] = {
	DB_COLUMN(UUID, "wallet_id", struct statement_wallet, id),
	DB_COLUMN(UUID, "owner_id", struct statement_wallet, owner),
	DB_COLUMN(NUMBER, "version", struct statement_wallet, version),
};

enum error
statement_wallet_find(struct db_pool *db, const struct wallet_query *query,
	struct statement_wallet *w)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &wallet_find_sql,
		DB_VALUES(db_uuid(query->wallet), db_uuid(&query->caller),
			db_bool(query->any_owner)),
		&rows);

	if (e != OK)
		return e;
	return rows_count(rows) == 0 ? ERR_NOT_FOUND
				     : rows_read(rows, 0, DB_COLUMNS(wallet_columns), NULL, w);
}

/* Waits for another user's wallet as for an unknown one, so that the response time does not reveal
 * which it is. */
enum error
statement_wallet_wait(struct db_pool *db, const struct wallet_query *query,
	int64_t min_version, struct statement_wallet *w)
{
	int64_t until = clock_monotonic_ms() + config_number(OPT_MIN_VERSION_WAIT);

	for (int64_t pause = WAIT_FIRST_MS;;
		pause = pause * 2 < WAIT_MAX_MS ? pause * 2 : WAIT_MAX_MS) {
		enum error e = statement_wallet_find(db, query, w);
		int64_t left = until - clock_monotonic_ms();

		if (e != OK && e != ERR_NOT_FOUND)
			return e;
		if (min_version == 0 || left <= 0 || (e == OK && w->version >= min_version))
			return e;
		clock_sleep_ms(pause < left ? pause : left);
	}
}

/* ---- alarms ---- */

static enum error alarm_raise(const struct uuid *wallet, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static enum error
alarm_raise(const struct uuid *wallet, const char *fmt, ...)
{
	char id[UUID_TEXT], what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	uuid_format(wallet, id);
	log_error("alarm: the statement of wallet %s does not add up: %s; if the ledger is right,"
		  " run purse statement rebuild --wallet %s",
		id, what, id);
	return ERR_INCONSISTENT;
}

/* ---- periods ---- */

static const struct db_statement span_sql = { "span",
	"SELECT currency, head, after, until, opening, closing, sum, count, missed_since, "
	"dated, ahead FROM statement_span($1, $2, $3, $4, $5, $6)", DB_IDEMPOTENT };

/* A span as read, with what is needed to check it. */
struct span_row {
	struct span span;
	bool has_opening, has_closing;
	int64_t sum, count;
};

static const struct db_column span_columns[] = {
	DB_COLUMN(CODE, "currency", struct span_row, span.currency),
	DB_COLUMN(NUMBER, "head", struct span_row, span.head),
	DB_COLUMN(NUMBER, "after", struct span_row, span.after),
	DB_COLUMN(NUMBER, "until", struct span_row, span.until),
	DB_COLUMN_OPTIONAL(NUMBER, "opening", struct span_row, span.opening, has_opening),
	DB_COLUMN_OPTIONAL(NUMBER, "closing", struct span_row, span.closing, has_closing),
	DB_COLUMN(NUMBER, "sum", struct span_row, sum),
	DB_COLUMN(NUMBER, "count", struct span_row, count),
	DB_COLUMN_OPTIONAL(INSTANT, "missed_since", struct span_row, span.missed_since,
		span.has_gap),
	DB_COLUMN(NUMBER, "dated", struct span_row, span.dated),
	DB_COLUMN_OPTIONAL(NUMBER, "ahead", struct span_row, span.ahead, span.has_ahead),
};

/* `whole` adds up all lines in the database; without it, chain_read() checks those
 * that it reads. */
static enum error
span_check(const struct span_row *row, bool whole)
{
	const struct span *s = &row->span;

	if (s->after > s->until || !row->has_opening || !row->has_closing)
		return alarm_raise(&s->wallet,
			"its lines are not in chronological order, or one is missing");
	if (whole && (row->count != s->until - s->after || s->opening + row->sum != s->closing))
		return alarm_raise(&s->wallet,
			"%" PRId64 " of %" PRId64 " lines, opening balance %" PRId64 " + %" PRId64
			" is not closing balance %" PRId64,
			row->count, s->until - s->after, s->opening, row->sum, s->closing);
	return OK;
}

/* One statement, so all numbers of a span come from one snapshot. */
enum error
span_find(struct db_pool *db, const struct span_query *query, struct span *s)
{
	struct span_row row = {
		.span = { .wallet = query->wallet, .from = query->from, .to = query->to }
	};
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_query(db, &span_sql,
		DB_VALUES(db_uuid(&query->wallet), db_instant(query->from, from),
			db_instant(query->to, to),
			query->has_head ? db_number(query->head) : db_null(),
			db_bool(query->whole),
			query->has_head ? db_number(query->until) : db_null()),
		&rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	if ((e = rows_read(rows, 0, DB_COLUMNS(span_columns), NULL, &row)) != OK)
		return e;
	*s = row.span;
	return span_check(&row, query->whole);
}

bool
span_may_be_completed(const struct span *s)
{
	return s->has_gap &&
	       clock_now() - s->missed_since <= config_number(OPT_GAP_ALARM) * US_PER_MS;
}

struct heading
span_heading(const struct span *s, char wallet_text[UUID_TEXT])
{
	struct heading h = { .wallet_id = wallet_text,
		.currency = s->currency,
		.opening = s->opening,
		.closing = s->closing,
		.version = s->head,
		.ahead = s->has_ahead ? s->ahead : 0 };

	uuid_format(&s->wallet, wallet_text);
	instant_format(s->from, h.from);
	instant_format(s->to, h.to);
	return h;
}

/* ---- lines ---- */

/* Converts PostgreSQL's "2026-11-23 05:08:36.12+00" to our format; false if it is not a time.
 * Copies the digits, since a file can have a million lines. */
static bool
created_format(const char *text, char out[INSTANT_TEXT])
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n < 22 || n > 29 || text[10] != ' ' || text[n - 3] != '+' ||
		(n > 22 && text[19] != '.'))
		return false;
	memcpy(out, text, 19);
	memcpy(out + 19, ".000000Z", 9);
	out[10] = 'T';
	if (n > 22)
		memcpy(out + 20, text + 20, n - 23);
	return true;
}

struct line_row {
	struct line line;
	const char *created_at; /* as PostgreSQL writes it */
};

static const struct db_column line_columns[] = {
	DB_COLUMN(NUMBER, "version", struct line_row, line.version),
	DB_COLUMN(BORROWED, "transaction_id", struct line_row, line.id),
	DB_COLUMN(BORROWED, "kind", struct line_row, line.kind),
	DB_COLUMN(NUMBER, "amount", struct line_row, line.amount),
	DB_COLUMN(NUMBER, "balance_after", struct line_row, line.balance_after),
	DB_COLUMN(BORROWED, "merchant", struct line_row, line.merchant),
	DB_COLUMN(BORROWED, "description", struct line_row, line.description),
	DB_COLUMN(BORROWED, "reference_id", struct line_row, line.reference_id),
	DB_COLUMN(BORROWED, "created_at", struct line_row, created_at),
	DB_COLUMN(BORROWED, "counterpart_wallet", struct line_row, line.counterpart_wallet_id),
	DB_COLUMN(BORROWED, "counterpart_id", struct line_row, line.counterpart_id),
};

/* Borrows the strings: a line is written before its rows are freed. */
static enum error
line_read(const struct db_rows *rows, size_t i, struct line *l)
{
	struct line_row row;
	enum error e = rows_read(rows, i, DB_COLUMNS(line_columns), NULL, &row);

	if (e != OK)
		return e;
	*l = row.line;
	return created_format(row.created_at, l->created_at) ? OK : ERR_INTERNAL;
}

struct chain
chain_begin(const struct span *s)
{
	return (struct chain){ .version = s->after, .balance = s->opening };
}

static const struct db_statement lines_sql = { "lines",
	"SELECT version, transaction_id, kind, amount, balance_after, merchant, description, "
	"reference_id, created_at, counterpart_wallet, counterpart_id FROM line "
	"WHERE wallet_id = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4",
	DB_IDEMPOTENT };

/* Reads the cursor's line again instead of trusting a balance from the cursor. */
enum error
chain_seek(struct db_pool *db, const struct span *s, int64_t version, struct chain *c)
{
	DB_ROWS(rows);
	struct line l;
	enum error e;

	*c = chain_begin(s);
	if (version == s->after)
		return OK;
	if ((e = db_query(db, &lines_sql,
		     DB_VALUES(db_uuid(&s->wallet), db_number(version - 1), db_number(version),
			     db_number(1)),
		     &rows)) != OK)
		return e;
	if (rows_count(rows) != 1 || line_read(rows, 0, &l) != OK)
		return alarm_raise(&s->wallet, "line %" PRId64 " is missing", version);
	*c = (struct chain){ .version = version, .balance = l.balance_after };
	memcpy(c->created_at, l.created_at, sizeof c->created_at);
	return OK;
}

/* Advances the chain by a line, after checking version, balance and time. The times are UTC text of
 * fixed width, so they compare as strings. */
static enum error
chain_advance(const struct span *s, const char *from, const char *to, struct chain *c,
	const struct line *l)
{
	int64_t sum;

	if (l->version != c->version + 1)
		return alarm_raise(&s->wallet, "line %" PRId64 " is followed by line %" PRId64,
			c->version, l->version);
	if (__builtin_add_overflow(c->balance, l->amount, &sum) || sum != l->balance_after)
		return alarm_raise(&s->wallet,
			"line %" PRId64 ": %" PRId64 " + %" PRId64 " is not %" PRId64, l->version,
			c->balance, l->amount, l->balance_after);
	if (strcmp(l->created_at, from) < 0 ||
		(strcmp(l->created_at, to) >= 0 && l->version <= s->dated) ||
		strcmp(l->created_at, c->created_at) < 0)
		return alarm_raise(&s->wallet,
			"line %" PRId64 ", created at %s, is not in chronological order",
			l->version, l->created_at);
	c->version = l->version;
	c->balance = l->balance_after;
	memcpy(c->created_at, l->created_at, sizeof c->created_at);
	return OK;
}

/* Catches lines missing at the end of a read, which chain_advance() never sees. */
static enum error
chain_check_end(const struct span *s, const struct chain *c, int64_t expected)
{
	if (c->version != expected)
		return alarm_raise(&s->wallet, "line %" PRId64 " is missing", c->version + 1);
	if (c->version == s->until && c->balance != s->closing)
		return alarm_raise(&s->wallet,
			"the closing balance is %" PRId64 " instead of %" PRId64, c->balance,
			s->closing);
	return OK;
}

/* `expected` is known before the read, so a line that is missing at its end is noticed. */
enum error
chain_read(struct db_pool *db, const struct span *s, int64_t limit, enum format f, bool first,
	struct chain *c, struct text *out)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	int64_t expected = limit < s->until - c->version ? c->version + limit : s->until;
	DB_ROWS(rows);
	enum error e = db_query(db, &lines_sql,
		DB_VALUES(db_uuid(&s->wallet), db_number(c->version), db_number(s->until),
			db_number(limit)),
		&rows);

	if (e != OK)
		return e;
	instant_format(s->from, from);
	instant_format(s->to, to);
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct line l;

		if ((e = line_read(rows, i, &l)) != OK ||
			(e = chain_advance(s, from, to, c, &l)) != OK)
			return e;
		formats[f].line(out, &l, first && i == 0);
	}
	if ((e = chain_check_end(s, c, expected)) != OK)
		return e;
	return out->failed ? ERR_TOO_LARGE : OK;
}

/* ---- health ---- */

enum error
statements_health(struct db_pool *db)
{
	const struct wallet_query query = { .wallet = NULL };
	struct span span;
	struct span_query period = { .to = US_PER_S };
	struct statement_wallet w;
	struct job job;
	enum error e;

	if ((e = statement_wallet_find(db, &query, &w)) != OK && e != ERR_NOT_FOUND)
		return e;
	if ((e = span_find(db, &period, &span)) != OK && e != ERR_NOT_FOUND)
		return e;
	if ((e = job_find(db, &period.wallet, &query.caller, true, &job)) != OK &&
		e != ERR_NOT_FOUND)
		return e;
	return db_query(db, &lines_sql,
		DB_VALUES(db_uuid(&period.wallet), db_number(0), db_number(1), db_number(1)), NULL);
}
