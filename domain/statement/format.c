/* format.c - the table of formats (formats.def), and JSON; see format.h. CSV is csv.c. */
#include "domain/statement/format.h"

#include "domain/statement/csv.h"

#define ADD TEXT_LITERAL

static void
json_head(struct text *t, const struct heading *h)
{
	ADD(t, "{\"wallet_id\":");
	text_add_json(t, h->wallet_id);
	ADD(t, ",\"currency\":");
	text_add_json(t, h->currency);
	ADD(t, ",\"from\":");
	text_add_json(t, h->from);
	ADD(t, ",\"to\":");
	text_add_json(t, h->to);
	ADD(t, ",\"opening_balance\":");
	text_add_number(t, h->opening);
	ADD(t, ",\"closing_balance\":");
	text_add_number(t, h->closing);
	ADD(t, ",\"version\":");
	text_add_number(t, h->version);
	if (h->ahead > 0) {
		ADD(t, ",\"dated_ahead\":");
		text_add_number(t, h->ahead);
	}
	ADD(t, ",\"lines\":[");
}

/* Uses the same members as the transaction; absent from other lines. */
static void
json_counterpart(struct text *t, const struct line *l)
{
	text_add_string(t, l->amount < 0 ? ",\"to_wallet_id\":" : ",\"from_wallet_id\":");
	text_add_json(t, l->counterpart_wallet_id);
	ADD(t, ",\"counterpart_id\":");
	text_add_json(t, l->counterpart_id);
}

static void
json_line(struct text *t, const struct line *l, bool first)
{
	if (!first)
		ADD(t, ",");
	ADD(t, "{\"version\":");
	text_add_number(t, l->version);
	ADD(t, ",\"id\":");
	text_add_json(t, l->id);
	ADD(t, ",\"kind\":");
	text_add_json(t, l->kind);
	ADD(t, ",\"amount\":");
	text_add_number(t, l->amount);
	ADD(t, ",\"balance_after\":");
	text_add_number(t, l->balance_after);
	ADD(t, ",\"merchant\":");
	text_add_json(t, l->merchant);
	ADD(t, ",\"description\":");
	text_add_json(t, l->description);
	ADD(t, ",\"reference_id\":");
	text_add_json(t, l->reference_id);
	ADD(t, ",\"created_at\":");
	text_add_json(t, l->created_at);
	if (l->counterpart_id != NULL)
		json_counterpart(t, l);
	ADD(t, "}");
}

static void
json_tail(struct text *t, const char *next_cursor)
{
	ADD(t, "],\"next_cursor\":");
	text_add_json(t, next_cursor);
	ADD(t, "}");
}

#define FORMAT(id, name, media_type, ending, reach, x) \
	[FORMAT_##id] = { name, media_type, ending, REACH_##reach, x##_head, x##_line, x##_tail },
const struct format_row formats[FORMAT_COUNT] = {
#include "domain/statement/formats.def"
};
#undef FORMAT

#define FORMAT(id, name, ...) name,
const char *const format_names[FORMAT_COUNT + 1] = {
#include "domain/statement/formats.def"
};
#undef FORMAT
