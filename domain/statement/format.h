/* format.h - the forms a statement can take, in one table: json, csv. A page and a file are written by the same functions.
 *
 * To add one: a row in the table of format.c, three functions, the names in sql/statement (job_format) and openapi.yaml. */
#ifndef DOMAIN_STATEMENT_FORMAT_H
#define DOMAIN_STATEMENT_FORMAT_H

#include "common/base/clock.h"
#include "common/base/text.h"

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_COUNT };

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
	const char *name;         /* also the file's ending */
	const char *content_type;
	void (*head)(struct text *t, const struct heading *h);
	/* first: no line was written before this one */
	void (*line)(struct text *t, const struct line *l, bool first);
	void (*tail)(struct text *t, const char *next_cursor);
};

extern const struct format_row formats[FORMAT_COUNT];
/* Their names for a query's choices; ends with NULL. */
extern const char *const format_names[FORMAT_COUNT + 1];
/* The format with that name; FORMAT_COUNT where there is none. */
enum format format_find(const char *name);

#endif
