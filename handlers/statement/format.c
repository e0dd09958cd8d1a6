/* format.c - the table of formats, and JSON; see format.h. CSV is csv.c. */
#include "handlers/statement/format.h"

#include <string.h>

#include "handlers/statement/csv.h"

#define ADD(t, literal) text_add(t, literal, sizeof(literal) - 1)

/* What JSON does not allow as it is (RFC 8259, 7): quotes, backslashes, control characters. The rest is UTF-8 already. */
static void
json_escape(struct text *t, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char escaped[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (c == '"' || c == '\\') {
		escaped[1] = (char)c;
		text_add(t, escaped, 2);
	} else if (c == '\n') {
		ADD(t, "\\n");
	} else {
		text_add(t, escaped, sizeof escaped);
	}
}

static void
json_string(struct text *t, const char *s)
{
	const char *run = s;

	if (s == NULL) {
		ADD(t, "null");
		return;
	}
	ADD(t, "\"");
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		text_add(t, run, (size_t)(s - run));
		json_escape(t, c);
		run = s + 1;
	}
	text_add(t, run, (size_t)(s - run));
	ADD(t, "\"");
}

static void
json_head(struct text *t, const struct heading *h)
{
	ADD(t, "{\"wallet_id\":");
	json_string(t, h->wallet_id);
	ADD(t, ",\"currency\":");
	json_string(t, h->currency);
	ADD(t, ",\"from\":");
	json_string(t, h->from);
	ADD(t, ",\"to\":");
	json_string(t, h->to);
	ADD(t, ",\"opening_balance\":");
	text_add_number(t, h->opening);
	ADD(t, ",\"closing_balance\":");
	text_add_number(t, h->closing);
	ADD(t, ",\"version\":");
	text_add_number(t, h->version);
	ADD(t, ",\"lines\":[");
}

static void
json_line(struct text *t, const struct line *l, bool first)
{
	if (!first)
		ADD(t, ",");
	ADD(t, "{\"version\":");
	text_add_number(t, l->version);
	ADD(t, ",\"id\":");
	json_string(t, l->id);
	ADD(t, ",\"kind\":");
	json_string(t, l->kind);
	ADD(t, ",\"amount\":");
	text_add_number(t, l->amount);
	ADD(t, ",\"balance_after\":");
	text_add_number(t, l->balance_after);
	ADD(t, ",\"merchant\":");
	json_string(t, l->merchant);
	ADD(t, ",\"description\":");
	json_string(t, l->description);
	ADD(t, ",\"reference_id\":");
	json_string(t, l->reference_id);
	ADD(t, ",\"created_at\":");
	json_string(t, l->created_at);
	ADD(t, "}");
}

static void
json_tail(struct text *t, const char *next_cursor)
{
	ADD(t, "],\"next_cursor\":");
	json_string(t, next_cursor);
	ADD(t, "}");
}

const struct format_row formats[FORMAT_COUNT] = {
	[FORMAT_JSON] = { "json", "application/json", json_head, json_line, json_tail },
	[FORMAT_CSV] = { "csv", "text/csv; charset=utf-8; header=present", csv_head, csv_line, csv_tail },
};

const char *const format_names[FORMAT_COUNT + 1] = { [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv" };

enum format
format_find(const char *name)
{
	enum format f = FORMAT_JSON;

	while (f < FORMAT_COUNT && strcmp(format_names[f], name) != 0)
		f++;
	return f;
}
