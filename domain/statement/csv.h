/* csv.h - statements as CSV (RFC 4180): UTF-8, with a header row, safe to open in a spreadsheet. */
#ifndef DOMAIN_STATEMENT_CSV_H
#define DOMAIN_STATEMENT_CSV_H

#include "domain/statement/format.h"

void csv_head(struct text *t, const struct heading *h);
void csv_line(struct text *t, const struct line *l, bool first);
void csv_tail(struct text *t, const char *next_cursor);

/* Appends free text as one field; NULL makes an empty one. */
void csv_field(struct text *t, const char *s);

#endif
