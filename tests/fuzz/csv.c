/* csv.c - fuzzes the lines of statements: CSV that a reader takes apart into the same fields, none
 * of which a spreadsheet runs as a formula; and JSON. Lines: kind, merchant, description. */
#include <stdlib.h>
#include <string.h>

#include "domain/statement/csv.h"
#include "tests/fuzz/fuzz.h"

#define ID "019aaf01-0f3c-7a53-9a3b-4f0d2c6b8e11"
#define FIELDS 11

/* An independent reader of RFC 4180: one record into fields, unescaped in place. */
static int
record_read(char *p, char *fields[FIELDS])
{
	int n = 0;

	for (;;) {
		char *out = p;

		CHECK(n < FIELDS, "too many fields");
		fields[n++] = out;
		if (*p == '"') {
			for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
				p += *p == '"';
				*out++ = *p;
			}
			CHECK(*p == '"', "an open quote");
			p++;
		} else {
			while (*p != '\0' && strchr(",\r\n\"", *p) == NULL)
				*out++ = *p++;
		}
		if (*p == ',') {
			p++;
			*out = '\0';
			continue;
		}
		CHECK(strcmp(p, "\r\n") == 0, "the record ends with %s", p);
		*out = '\0';
		return n;
	}
}

/* What spreadsheets drop before they look for a formula. */
static const char *
trimmed(const char *s)
{
	static const char *const blanks[] = { " ", "\t", "\r", "\n", "\v", "\f", "\302\240",
		"\342\200\213", "\342\200\216", "\342\200\217", "\343\200\200", "\357\273\277",
		"\342\200\250", "\342\200\251", "\302\205", "\342\200\203" };

	for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++)
		if (strncmp(s, blanks[i], strlen(blanks[i])) == 0) {
			s += strlen(blanks[i]);
			i = (size_t)-1;
		}
	return s;
}

static void
field_check(const char *field, const char *sent)
{
	const char *shown = trimmed(field);

	if (sent == NULL) {
		CHECK(field[0] == '\0', "%s", field);
		return;
	}
	CHECK(*shown == '\0' || strchr("=+-@", *shown) == NULL, "a formula: %s", field);
	if (field[0] == '\'' && sent[0] != '\'')
		field++;
	CHECK(strcmp(field, sent) == 0, "\"%s\" becomes \"%s\"", sent, field);
}

static void
csv_check(const struct line *l)
{
	char *fields[FIELDS];
	TEXT(t);

	csv_line(&t, l, false);
	CHECK(text_end(&t) != NULL, "no memory");
	CHECK(record_read(t.data, fields) == FIELDS, "fields are missing");
	CHECK(strtoll(fields[0], NULL, 10) == l->version, "%s", fields[0]);
	CHECK(strtoll(fields[3], NULL, 10) == l->amount, "%s", fields[3]);
	field_check(fields[2], l->kind);
	field_check(fields[5], l->merchant);
	field_check(fields[6], l->description);
}

static bool
is_text(const json_t *object, const char *name, const char *text)
{
	const char *got = json_string_value(json_object_get(object, name));

	return text == NULL ? got == NULL : got != NULL && strcmp(got, text) == 0;
}

static void
json_check(const struct line *l)
{
	const struct format_row *json = &formats[FORMAT_JSON];
	json_t *v;
	TEXT(t);

	json->line(&t, l, true);
	CHECK(text_end(&t) != NULL, "no memory");
	v = fuzz_json(t.data, t.bytes, "a line");
	CHECK(is_text(v, "merchant", l->merchant) && is_text(v, "description", l->description) &&
		is_text(v, "kind", l->kind), "%s", t.data);
	json_decref(v);
}

FUZZ_TARGET(csv)
{
	char *kind = fuzz_line(in), *merchant = fuzz_line(in), *description = fuzz_rest(in, NULL);
	struct line l = { .version = 7, .amount = -25, .balance_after = -3, .id = ID, .kind = kind,
		.merchant = merchant[0] != '\0' ? merchant : NULL, .description = description,
		.created_at = "2026-11-23T05:08:36.123456Z" };

	/* Texts in the database are UTF-8. */
	if (!fuzz_is_utf8(kind) || !fuzz_is_utf8(merchant) || !fuzz_is_utf8(description))
		return;
	csv_check(&l);
	json_check(&l);
}
