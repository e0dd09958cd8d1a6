/* query.c - fuzzes the reader of query strings with a field of each type: what it binds is valid,
 * and written as a query again it binds the same. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/base/visible.h"
#include "common/http/request_private.h"
#include "tests/fuzz/fuzz.h"

static const char *const choices[] = { "one", "two", NULL };

/* What a handler could ask for. */
struct bound {
	bool has_text, has_uuid, has_amount, has_number, has_boolean, has_choice, has_instant,
		has_from, has_to;
	const char *text;
	struct uuid uuid;
	struct money amount;
	int64_t number, choice;
	bool boolean;
	instant_us instant, from, to;
	struct pairs pairs;
};

static enum error
query_bind(struct fuzz_input *in, const char *query, struct bound *b, json_t **faults)
{
	struct request r = { .arena = in->arena, .query = query };
	const struct field fields[] = {
		{ "text", FIELD_TEXT, .min = 1, .max = 20, .text = &b->text,
			.present = &b->has_text },
		{ "uuid", FIELD_UUID, .uuid = &b->uuid, .present = &b->has_uuid },
		{ "amount", FIELD_AMOUNT, .amount = &b->amount, .present = &b->has_amount },
		{ "number", FIELD_NUMBER, .min = -5, .max = 200, .number = &b->number,
			.present = &b->has_number },
		{ "boolean", FIELD_BOOL, .boolean = &b->boolean, .present = &b->has_boolean },
		{ "choice", FIELD_CHOICE, .choices = choices, .number = &b->choice,
			.present = &b->has_choice },
		{ "instant", FIELD_INSTANT, .instant = &b->instant, .present = &b->has_instant },
		{ "from", FIELD_FROM, .instant = &b->from, .present = &b->has_from },
		{ "to", FIELD_TO, .instant = &b->to, .present = &b->has_to },
		{ "pair", FIELD_PAIRS, .pairs = &b->pairs },
	};
	enum error e;

	*b = (struct bound){ 0 };
	e = request_bind_query(&r, fields, sizeof fields / sizeof fields[0]);
	*faults = r.faults.list;
	return e;
}

static void
escaped_add(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		char escape[4];

		(void)snprintf(escape, sizeof escape, "%%%02X", (unsigned char)*s);
		text_add_string(t, escape);
	}
}

static void
encoded_add(struct text *t, const char *name, const char *value)
{
	text_add_string(t, name);
	TEXT_LITERAL(t, "=");
	escaped_add(t, value);
	TEXT_LITERAL(t, "&");
}

static void
number_add(struct text *t, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, value);
	encoded_add(t, name, text);
}

static void
instant_add(struct text *t, const char *name, instant_us value)
{
	char text[INSTANT_TEXT];

	instant_format(value, text);
	encoded_add(t, name, text);
}

static void
pairs_add(struct text *t, const struct pairs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		TEXT_LITERAL(t, "pair%5B");
		escaped_add(t, p->keys[i]);
		encoded_add(t, "%5D", p->values[i]);
	}
}

static void
query_write(struct text *t, const struct bound *b)
{
	char uuid[UUID_TEXT];

	if (b->has_text)
		encoded_add(t, "text", b->text);
	uuid_format(&b->uuid, uuid);
	if (b->has_uuid)
		encoded_add(t, "uuid", uuid);
	if (b->has_amount)
		number_add(t, "amount", b->amount.minor);
	if (b->has_number)
		number_add(t, "number", b->number);
	if (b->has_boolean)
		encoded_add(t, "boolean", b->boolean ? "true" : "false");
	if (b->has_choice)
		encoded_add(t, "choice", choices[b->choice]);
	if (b->has_instant)
		instant_add(t, "instant", b->instant);
	if (b->has_from)
		instant_add(t, "from", b->from);
	if (b->has_to)
		instant_add(t, "to", b->to);
	pairs_add(t, &b->pairs);
	CHECK(text_end(t) != NULL, "no memory");
}

static void
values_check(const struct bound *b)
{
	if (b->has_text)
		CHECK(fuzz_is_utf8(b->text) && !text_has_controls(b->text) &&
			*text_visible(b->text) != '\0', "%s", b->text);
	CHECK(!b->has_amount || (b->amount.minor >= 1 && b->amount.minor <= MONEY_MAX), "amount");
	CHECK(b->number >= -5 && b->number <= 200, "%lld", (long long)b->number);
	CHECK(b->choice >= 0 && b->choice <= 1, "%lld", (long long)b->choice);
	CHECK(b->instant >= 0 && b->instant <= INSTANT_LAST, "%lld", (long long)b->instant);
	CHECK(b->from >= 0 && b->from <= INSTANT_LAST && b->to >= 0 && b->to <= INSTANT_LAST,
		"a period");
	CHECK(b->pairs.count <= PAIRS_MAX, "%zu pairs", b->pairs.count);
	for (size_t i = 0; i < b->pairs.count; i++)
		CHECK(fuzz_is_utf8(b->pairs.keys[i]) && fuzz_is_utf8(b->pairs.values[i]), "pair");
}

static void
same_check(const struct bound *a, const struct bound *b)
{
	CHECK(a->has_text == b->has_text && a->has_uuid == b->has_uuid &&
		a->has_amount == b->has_amount && a->has_to == b->has_to, "what is present");
	CHECK(!a->has_text || strcmp(a->text, b->text) == 0, "%s, %s", a->text, b->text);
	CHECK(memcmp(&a->uuid, &b->uuid, sizeof a->uuid) == 0, "uuid");
	CHECK(a->amount.minor == b->amount.minor && a->number == b->number &&
		a->choice == b->choice && a->boolean == b->boolean, "a number");
	CHECK(a->instant == b->instant && a->from == b->from && a->to == b->to, "an instant");
	CHECK(a->pairs.count == b->pairs.count, "%zu, %zu", a->pairs.count, b->pairs.count);
	for (size_t i = 0; i < a->pairs.count; i++)
		CHECK(strcmp(a->pairs.keys[i], b->pairs.keys[i]) == 0 &&
			strcmp(a->pairs.values[i], b->pairs.values[i]) == 0, "pair %zu", i);
}

static void
faults_check(json_t *list)
{
	char *text = json_dumps(list, JSON_COMPACT);
	size_t i;
	json_t *fault;

	CHECK(json_array_size(list) > 0 && text != NULL, "refused without a fault");
	json_array_foreach(list, i, fault)
		CHECK(json_string_length(json_object_get(fault, "detail")) > 0, "%s", text);
}

FUZZ_TARGET(query)
{
	char *query = fuzz_line(in);
	struct bound first, second;
	json_t *faults;
	TEXT(again);
	enum error e;

	arena_enter(in->arena);
	e = query_bind(in, query, &first, &faults);
	CHECK(e == OK || e == ERR_INVALID_REQUEST || e == ERR_MALFORMED_REQUEST, "%s",
		error_code(e));
	if (e == ERR_INVALID_REQUEST)
		faults_check(faults);
	if (e == OK) {
		values_check(&first);
		query_write(&again, &first);
		e = query_bind(in, again.data, &second, &faults);
		CHECK(e == OK, "%s is refused: %s", again.data, error_code(e));
		same_check(&first, &second);
	}
	arena_leave();
}
