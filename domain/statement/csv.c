/* csv.c - statements as CSV; see csv.h. */
#include "domain/statement/csv.h"

#include <string.h>

#include "common/base/visible.h"

#define ADD(t, literal) text_add(t, literal, sizeof(literal) - 1)

/* Spreadsheets run text that starts with one of these as a formula, some of them also after blanks
 * and line ends, or in its full-width form (U+FF0B, U+FF0D, U+FF1D, U+FF20). A leading apostrophe
 * prevents it. Amounts can start with '-' too, but do not pass through here. */
static bool
is_formula(const char *s)
{
	const unsigned char *first = (const unsigned char *)text_visible(s);

	switch (*first) {
	case '=':
	case '+':
	case '-':
	case '@':
		return true;
	case 0xef: /* U+FF0B is EF BC 8B, and so on */
		return first[1] == 0xbc && (first[2] == 0x8b || first[2] == 0x8d ||
			first[2] == 0x9d || first[2] == 0xa0);
	}
	return *s == '\t' || *s == '\r';
}

/* RFC 4180, 2: a quote is doubled, and a field with a comma, quote or line break is quoted. */
void
csv_field(struct text *t, const char *s)
{
	const char *quote;

	if (s == NULL)
		return;
	if (s[strcspn(s, ",\"\r\n")] == '\0') {
		if (is_formula(s))
			ADD(t, "'");
		text_add_string(t, s);
		return;
	}
	ADD(t, "\"");
	if (is_formula(s))
		ADD(t, "'");
	while ((quote = strchr(s, '"')) != NULL) {
		text_add(t, s, (size_t)(quote - s));
		ADD(t, "\"\"");
		s = quote + 1;
	}
	text_add_string(t, s);
	ADD(t, "\"");
}

void
csv_head(struct text *t, const struct heading *h)
{
	(void)h; /* CSV has no place for the heading; each line has its balance */
	ADD(t, "version,id,kind,amount,balance_after,merchant,description,reference_id,created_at,"
	       "counterpart_wallet_id,counterpart_id\r\n");
}

/* Text that others chose goes through csv_field(); ids, times and numbers cannot contain anything
 * unsafe. */
void
csv_line(struct text *t, const struct line *l, bool first)
{
	(void)first;
	text_add_number(t, l->version);
	ADD(t, ",");
	text_add_string(t, l->id);
	ADD(t, ",");
	csv_field(t, l->kind);
	ADD(t, ",");
	text_add_number(t, l->amount);
	ADD(t, ",");
	text_add_number(t, l->balance_after);
	ADD(t, ",");
	csv_field(t, l->merchant);
	ADD(t, ",");
	csv_field(t, l->description);
	ADD(t, ",");
	if (l->reference_id != NULL)
		text_add_string(t, l->reference_id);
	ADD(t, ",");
	text_add_string(t, l->created_at);
	ADD(t, ",");
	if (l->counterpart_id != NULL) {
		text_add_string(t, l->counterpart_wallet_id);
		ADD(t, ",");
		text_add_string(t, l->counterpart_id);
	} else {
		ADD(t, ",");
	}
	ADD(t, "\r\n");
}

void
csv_tail(struct text *t, const char *next_cursor)
{
	(void)t;
	(void)next_cursor; /* in the Link header */
}
