/* statements.h - the Statement service's domain: wallets as they are known here, the lines of a
 * period, and the proof that they add up. Handlers and statement_consumer read through it. Nothing
 * here knows HTTP or AMQP.
 *
 * Only lines without a hole before them are ever shown. Whatever does not add up is
 * ERR_INCONSISTENT, and an alarm in the log: a line that begins "alarm:". */
#ifndef DOMAIN_STATEMENT_STATEMENTS_H
#define DOMAIN_STATEMENT_STATEMENTS_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/statement/format.h"

struct statement_wallet {
	struct uuid id, owner;
	int64_t version; /* the last line without a hole before it */
};

/* Who asks, and which wallet: NULL for the oldest of theirs. any_owner: an operator's right. */
struct statement_wanted {
	const struct uuid *wallet;
	struct uuid caller;
	bool any_owner;
};

/* ERR_NOT_FOUND also for another user's wallet. */
enum error statement_wallet_find(struct db_pool *db, const struct statement_wanted *wanted,
	struct statement_wallet *w) MUST_CHECK;
/* The same, but waits (MIN_VERSION_WAIT at most) until line min_version has come, or the wallet
 * itself has; then answers what is there. */
enum error statement_wallet_wait(struct db_pool *db, const struct statement_wanted *wanted,
	int64_t min_version, struct statement_wallet *w) MUST_CHECK;

/* The lines of [from, to): after < version <= until, as the wallet stood at line `head`. */
struct span {
	struct uuid wallet;
	instant_us from, to;
	char currency[4];
	int64_t head, after, until;
	int64_t opening, closing;
	bool has_gap;            /* a line of the period may be missing … */
	instant_us missed_since; /* … since then */
};

struct span_wanted {
	struct uuid wallet;
	instant_us from, to;
	bool has_head; /* else the newest line without a hole before it */
	int64_t head;  /* one that was answered before, so that later lines change nothing */
	bool whole;    /* also check that the amounts of all lines lead from opening to closing */
};

/* Finds the span of a period. ERR_INCONSISTENT, with an alarm: its lines do not add up. */
enum error span_find(
	struct db_pool *db, const struct span_wanted *wanted, struct span *s) MUST_CHECK;
/* ERR_INCONSISTENT, with an alarm: a line has been missing for longer than GAP_ALARM. */
enum error span_check_gap(const struct span *s) MUST_CHECK;

/* Where a reading is: the last line read and the balance after it. */
struct chain {
	int64_t version, balance;
	char created_at[INSTANT_TEXT]; /* "" before the first */
};
/* At the beginning of a span. */
struct chain chain_begin(const struct span *s);
/* Behind a line of the span (a page's cursor). */
enum error chain_seek(
	struct db_pool *db, const struct span *s, int64_t version, struct chain *c) MUST_CHECK;

/* Reads up to `limit` lines behind the chain's place, checks each against the one before, and
 * writes them in a format. Moves the chain. At the span's end the closing balance is checked too.
 * first: no line was written before these. */
enum error chain_read(struct db_pool *db, const struct span *s, int64_t limit, enum format f,
	bool first, struct chain *c, struct text *out) MUST_CHECK;

/* The head of a page or file. wallet_text lives as long as the heading. */
struct heading span_heading(const struct span *s, char wallet_text[UUID_TEXT]);

#endif
