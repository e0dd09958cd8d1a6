/* statements.c - wallets, periods and lines, checked while they are read; see statements.h. */
#include "domain/statement/statements.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

#define WAIT_FIRST_MS 5
#define WAIT_MOST_MS 40

/* ---- wallets ---- */

static const struct db_statement wallet_find_sql = { "wallet_find",
	"SELECT wallet_id, owner_id, currency, version FROM wallet_find($1, $2, $3)", DB_AGAIN };

enum error
statement_wallet_find(struct db_pool *db, const struct statement_wanted *wanted, struct statement_wallet *w)
{
	DB_ROWS(rows);
	enum error e = db_query(db, &wallet_find_sql,
		DB_VALUES(db_uuid(wanted->wallet), db_uuid(&wanted->caller), db_bool(wanted->any_owner)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	w->id = rows_uuid(rows, 0, 0);
	w->owner = rows_uuid(rows, 0, 1);
	w->version = rows_number(rows, 0, 3);
	return OK;
}

/* A wallet of somebody else is waited for like an unknown one: the time of the answer tells nothing either. */
enum error
statement_wallet_wait(struct db_pool *db, const struct statement_wanted *wanted, int64_t min_version, struct statement_wallet *w)
{
	int64_t until = clock_monotonic_ms() + config_number(OPT_MIN_VERSION_WAIT);

	for (int64_t pause = WAIT_FIRST_MS;; pause = pause * 2 < WAIT_MOST_MS ? pause * 2 : WAIT_MOST_MS) {
		enum error e = statement_wallet_find(db, wanted, w);
		int64_t left = until - clock_monotonic_ms();

		if (e != OK && e != ERR_NOT_FOUND)
			return e;
		if (min_version == 0 || left <= 0 || (e == OK && w->version >= min_version))
			return e;
		clock_sleep_ms(pause < left ? pause : left);
	}
}

/* ---- alarms ---- */

static enum error alarm_raise(const struct uuid *wallet, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static enum error
alarm_raise(const struct uuid *wallet, const char *fmt, ...)
{
	char id[UUID_TEXT], what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	uuid_format(wallet, id);
	log_error("alarm: the statement of wallet %s does not add up: %s", id, what);
	return ERR_INCONSISTENT;
}

/* ---- periods ---- */

static const struct db_statement span_sql = { "span",
	"SELECT currency, head, after, until, opening, closing, sum, count, missed_since "
	"FROM statement_span($1, $2, $3, $4, $5)", DB_AGAIN };

enum error
span_find(struct db_pool *db, const struct uuid *wallet, instant_us from, instant_us to, int64_t head, bool whole,
	struct span *s)
{
	char from_text[INSTANT_TEXT], to_text[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_query(db, &span_sql,
		DB_VALUES(db_uuid(wallet), db_instant(from, from_text), db_instant(to, to_text),
			head > 0 ? db_number(head) : db_null(), db_bool(whole)),
		&rows);
	int64_t sum, count;

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	*s = (struct span){ .wallet = *wallet, .from = from, .to = to };
	memcpy(s->currency, rows_text(rows, 0, 0), sizeof s->currency - 1);
	s->head = rows_number(rows, 0, 1);
	s->after = rows_number(rows, 0, 2);
	s->until = rows_number(rows, 0, 3);
	s->opening = rows_number(rows, 0, 4);
	s->closing = rows_number(rows, 0, 5);
	s->missed_since = rows_instant(rows, 0, 8);
	if (s->after > s->until || rows_null(rows, 0, 4) || rows_null(rows, 0, 5))
		return alarm_raise(wallet, "its lines are not in the order of time, or one is gone");
	if (!whole)
		return OK;
	sum = rows_number(rows, 0, 6);
	count = rows_number(rows, 0, 7);
	if (count != s->until - s->after || s->opening + sum != s->closing)
		return alarm_raise(wallet,
			"%" PRId64 " of %" PRId64 " lines, opening %" PRId64 " + %" PRId64 " is not closing %" PRId64, count,
			s->until - s->after, s->opening, sum, s->closing);
	return OK;
}

enum error
span_check_gap(const struct span *s)
{
	instant_us age = clock_now() - s->missed_since;

	if (s->missed_since == 0 || age <= config_number(OPT_GAP_ALARM) * US_PER_MS)
		return OK;
	return alarm_raise(&s->wallet, "line %" PRId64 " has been missing for %" PRId64 " s", s->head + 1, age / US_PER_S);
}

struct heading
span_heading(const struct span *s, char wallet_text[UUID_TEXT])
{
	struct heading h = { .wallet_id = wallet_text, .currency = s->currency, .opening = s->opening,
		.closing = s->closing, .version = s->head };

	uuid_format(&s->wallet, wallet_text);
	instant_format(s->from, h.from);
	instant_format(s->to, h.to);
	return h;
}

/* ---- lines ---- */

/* "2026-11-23 05:08:36.12+00", as PostgreSQL writes it, into our form; false where it is none. */
static bool
created_format(const char *text, char out[INSTANT_TEXT])
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n < 22 || n > 29 || text[10] != ' ' || text[n - 3] != '+' || (n > 22 && text[19] != '.'))
		return false;
	memcpy(out, text, 19);
	memcpy(out + 19, ".000000Z", 9);
	out[10] = 'T';
	if (n > 22)
		memcpy(out + 20, text + 20, n - 23);
	return true;
}

static bool
line_from_row(const struct db_rows *rows, size_t i, struct line *l)
{
	l->version = rows_number(rows, i, 0);
	l->id = rows_text(rows, i, 1);
	l->kind = rows_text(rows, i, 2);
	l->amount = rows_number(rows, i, 3);
	l->balance_after = rows_number(rows, i, 4);
	l->merchant = rows_text(rows, i, 5);
	l->description = rows_text(rows, i, 6);
	l->reference_id = rows_text(rows, i, 7);
	l->counterpart_wallet_id = rows_text(rows, i, 9);
	l->counterpart_id = rows_text(rows, i, 10);
	return created_format(rows_text(rows, i, 8), l->created_at);
}

struct chain
chain_begin(const struct span *s)
{
	return (struct chain){ .version = s->after, .balance = s->opening };
}

static const struct db_statement lines_sql = { "lines",
	"SELECT version, transaction_id, kind, amount, balance_after, merchant, description, reference_id, created_at, "
	"counterpart_wallet, counterpart_id FROM line WHERE wallet_id = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4", DB_AGAIN };

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
		     DB_VALUES(db_uuid(&s->wallet), db_number(version - 1), db_number(version), db_number(1)), &rows)) != OK)
		return e;
	if (rows_count(rows) != 1 || !line_from_row(rows, 0, &l))
		return alarm_raise(&s->wallet, "line %" PRId64 " is missing", version);
	*c = (struct chain){ .version = version, .balance = l.balance_after };
	memcpy(c->created_at, l.created_at, sizeof c->created_at);
	return OK;
}

/* Fixed width and UTC: these texts compare like the times they stand for. */
static enum error
chain_link(const struct span *s, const char *from, const char *to, struct chain *c, const struct line *l)
{
	int64_t sum;

	if (l->version != c->version + 1)
		return alarm_raise(&s->wallet, "after line %" PRId64 " comes line %" PRId64, c->version, l->version);
	if (__builtin_add_overflow(c->balance, l->amount, &sum) || sum != l->balance_after)
		return alarm_raise(&s->wallet, "line %" PRId64 ": %" PRId64 " + %" PRId64 " is not %" PRId64, l->version,
			c->balance, l->amount, l->balance_after);
	if (strcmp(l->created_at, from) < 0 || strcmp(l->created_at, to) >= 0 || strcmp(l->created_at, c->created_at) < 0)
		return alarm_raise(&s->wallet, "line %" PRId64 " of %s is not in the order of time", l->version,
			l->created_at);
	c->version = l->version;
	c->balance = l->balance_after;
	memcpy(c->created_at, l->created_at, sizeof c->created_at);
	return OK;
}

/* Nothing is left out at the end of a reading either. */
static enum error
chain_arrive(const struct span *s, const struct chain *c, int64_t expected)
{
	if (c->version != expected)
		return alarm_raise(&s->wallet, "line %" PRId64 " is missing", c->version + 1);
	if (c->version == s->until && c->balance != s->closing)
		return alarm_raise(&s->wallet, "it closes with %" PRId64 " instead of %" PRId64, c->balance, s->closing);
	return OK;
}

enum error
lines_read(struct db_pool *db, const struct span *s, int64_t limit, enum format f, bool first, struct chain *c,
	struct text *out)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	int64_t expected = limit < s->until - c->version ? c->version + limit : s->until;
	DB_ROWS(rows);
	enum error e = db_query(db, &lines_sql,
		DB_VALUES(db_uuid(&s->wallet), db_number(c->version), db_number(s->until), db_number(limit)), &rows);

	if (e != OK)
		return e;
	instant_format(s->from, from);
	instant_format(s->to, to);
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct line l;

		if (!line_from_row(rows, i, &l))
			return ERR_INTERNAL;
		if ((e = chain_link(s, from, to, c, &l)) != OK)
			return e;
		formats[f].line(out, &l, first && i == 0);
	}
	if ((e = chain_arrive(s, c, expected)) != OK)
		return e;
	return out->failed ? ERR_TOO_LARGE : OK;
}
