/* statements.h - reads statements: wallets, periods and lines, with proof that the lines add up.
 * For the handlers and statement_consumer. Independent of HTTP and AMQP.
 *
 * Only lines without a gap before them are ever shown. Lines that do not add up are
 * ERR_INCONSISTENT and raise an alarm: a log message that starts with "alarm:". */
#ifndef DOMAIN_STATEMENT_STATEMENTS_H
#define DOMAIN_STATEMENT_STATEMENTS_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
#include "domain/statement/format.h"

struct statement_wallet {
	struct uuid id, owner;
	int64_t version; /* the last line without a gap before it */
};

/* Which wallet (NULL: the caller's oldest), for which caller. any_owner: the caller can
 * read everyone's (caller_reads_all()). */
struct wallet_query {
	const struct uuid *wallet;
	struct uuid caller;
	bool any_owner;
};

/* ERR_NOT_FOUND also if another user owns the wallet. */
enum error statement_wallet_find(struct db_pool *db, const struct wallet_query *query,
	struct statement_wallet *w) MUST_CHECK;
/* The same, but first waits until the wallet exists and has line min_version, or until
 * MIN_VERSION_WAIT has passed. */
enum error statement_wallet_wait(struct db_pool *db, const struct wallet_query *query,
	int64_t min_version, struct statement_wallet *w) MUST_CHECK;

/* The lines of [from, to): after < version <= until, as of line `head` of the wallet. If the period
 * has not ended, lines that a fast clock has dated after it belong to it. */
struct span {
	struct uuid wallet;
	instant_us from, to;
	char currency[4];
	int64_t head, after, until;
	int64_t dated;           /* lines after it are later than `to` by their date */
	bool has_ahead;          /* lines are dated ahead of the clock ... */
	int64_t ahead;           /* ... from this one on */
	int64_t opening, closing;
	bool has_gap;            /* a line of the period may be missing ... */
	instant_us missed_since; /* ... since then */
};

struct span_query {
	struct uuid wallet;
	instant_us from, to;
	bool has_head; /* else the newest line without a gap before it */
	/* From an earlier span, so that later lines, and time, change nothing: */
	int64_t head, until;
	bool whole;    /* also check that all amounts add up from opening to closing balance */
};

/* Finds the span of a period. ERR_INCONSISTENT, with an alarm, if its lines do not add up. */
enum error span_find(struct db_pool *db, const struct span_query *query, struct span *s) MUST_CHECK;
/* A line is missing, but for less than GAP_ALARM, so it is worth waiting for. (statement_consumer
 * raises the alarm about the others.) */
bool span_may_be_completed(const struct span *s) MUST_CHECK;

/* The position of a reader in a span: the last line read and the balance after it. */
struct chain {
	int64_t version, balance;
	char created_at[INSTANT_TEXT]; /* "" before the first line */
};
/* The start of a span. */
struct chain chain_begin(const struct span *s);
/* The position after a line of the span, such as a cursor's. */
enum error chain_seek(struct db_pool *db, const struct span *s, int64_t version,
	struct chain *c) MUST_CHECK;

/* Reads up to `limit` lines after the chain's position, checks each against the previous one, and
 * writes them in a format. Advances the chain. Also checks the closing balance at the end of the
 * span. first: these are the first lines of the page or file. */
enum error chain_read(struct db_pool *db, const struct span *s, int64_t limit, enum format f,
	bool first, struct chain *c, struct text *out) MUST_CHECK;

/* OK if wallets, periods, lines and jobs can be read. */
enum error statements_health(struct db_pool *db) MUST_CHECK;

/* The heading of a page or file. It points to wallet_text. */
struct heading span_heading(const struct span *s, char wallet_text[UUID_TEXT]);

#endif
