/* format.h - the forms a statement can take. A page and a file are written by the same functions.
 *
 * formats.def is the list of them, and says how to add one. */
#ifndef DOMAIN_STATEMENT_FORMAT_H
#define DOMAIN_STATEMENT_FORMAT_H

#include "common/base/clock.h"
#include "common/base/text.h"

#define FORMAT(id, ...) FORMAT_##id,
enum format {
#include "domain/statement/formats.def"
	FORMAT_COUNT
};
#undef FORMAT

/* What a client gets at once: see formats.def. */
enum format_reach { REACH_PAGES, REACH_WHOLE, REACH_FILE };

/* What stands over the lines. Text is borrowed. */
struct heading {
	const char *wallet_id, *currency;
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	int64_t opening, closing, version;
};

/* A line as it is shown. Text is borrowed; NULL where there is none. */
struct line {
	int64_t version, amount, balance_after;
	const char *id, *kind, *merchant, *description, *reference_id;
	const char *counterpart_wallet_id, *counterpart_id; /* of a transfer: the other side */
	char created_at[INSTANT_TEXT];
};

struct format_row {
	const char *name, *media_type, *ending;
	enum format_reach reach;
	void (*head)(struct text *t, const struct heading *h);
	/* first: no line was written before this one */
	void (*line)(struct text *t, const struct line *l, bool first);
	void (*tail)(struct text *t, const char *next_cursor);
};

extern const struct format_row formats[FORMAT_COUNT];
/* Their names, for a query's choices and a column's; ends with NULL. */
extern const char *const format_names[FORMAT_COUNT + 1];
/* The format that a client gets which names none: by its Accept header (NULL: it has none). JSON if
 * it takes that. */
enum format format_accepted(const char *accept);

#endif
