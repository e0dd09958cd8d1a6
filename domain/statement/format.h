/* format.h - statement formats. The same functions write pages and files.
 *
 * formats.def lists the formats and explains how to add one. */
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

/* What a client gets without a job; see formats.def. */
enum format_reach { REACH_PAGES, REACH_WHOLE, REACH_FILE };

/* The heading of a page or file. Strings are borrowed. */
struct heading {
	const char *wallet_id, *currency;
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	int64_t opening, closing, version;
	int64_t ahead; /* the first line that is dated ahead of the clock; 0: none */
};

/* A line as shown to the client. Strings are borrowed, and NULL if absent. */
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
	/* first: this is the first line of the page or file */
	void (*line)(struct text *t, const struct line *l, bool first);
	void (*tail)(struct text *t, const char *next_cursor);
};

extern const struct format_row formats[FORMAT_COUNT];
/* The names of the formats, for FIELD_CHOICE and DB_COLUMN_ENUM; ends with NULL. */
extern const char *const format_names[FORMAT_COUNT + 1];

#endif
