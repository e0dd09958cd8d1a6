/* test_bind.c - reading declared members from JSON: every type, every fault, all faults at once
 * with pointers. */
#include "common/base/bind.h"
#include "tests/unit/unit.h"

struct thing {
	const char *text;
	struct uuid id;
	struct money amount;
	int64_t number, choice;
	bool flag, has_text, has_id;
	instant_us at;
	json_t *object;
};

static const char *const colours[] = { "red", "green", NULL };

static enum error
bind(const char *json, struct thing *t, struct faults *f)
{
	json_t *o = json_loads(json, 0, NULL);
	const struct field fields[] = {
		{ "text", FIELD_TEXT, .min = 1, .max = 5, .text = &t->text,
			.present = &t->has_text },
		{ "id", FIELD_UUID, .uuid = &t->id, .present = &t->has_id },
		{ "amount", FIELD_AMOUNT, .amount = &t->amount, .required = true },
		{ "number", FIELD_NUMBER, .min = -5, .max = 5, .number = &t->number },
		{ "choice", FIELD_CHOICE, .choices = colours, .number = &t->choice },
		{ "flag", FIELD_BOOL, .boolean = &t->flag },
		{ "at", FIELD_INSTANT, .instant = &t->at },
		{ "object", FIELD_OBJECT, .object = &t->object },
	};
	enum error e;

	assert_non_null(o);
	e = bind_object(o, fields, sizeof fields / sizeof fields[0], "", f);
	if (e == OK && t->text != NULL)
		t->text = strdup(t->text);
	t->object = NULL;
	json_decref(o);
	return e;
}

static void
expect_fault(const char *json, const char *pointer)
{
	struct thing t = { 0 };
	struct faults f = { 0 };

	assert_int_equal(bind(json, &t, &f), ERR_INVALID_REQUEST);
	assert_non_null(f.list);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(f.list, 0), "pointer")), pointer);
	assert_true(json_string_length(json_object_get(json_array_get(f.list, 0), "detail")) > 5);
	json_decref(f.list);
}

static void
good_members_are_read(void **state)
{
	struct thing t = { 0 };
	struct faults f = { 0 };

	(void)state;
	assert_int_equal(
		bind("{\"text\":\"h\\u00e9llo\",\"amount\":9007199254740991,\"number\":-5,"
		     "\"choice\":\"green\",\"flag\":true,\"at\":\"1970-01-01T00:00:01Z\","
		     "\"object\":{\"a\":1},\"id\":null}",
			&t, &f),
		OK);
	assert_null(f.list);
	assert_string_equal(t.text, "h\xc3\xa9llo");
	assert_int_equal(t.amount.minor, MONEY_MAX);
	assert_int_equal(t.number, -5);
	assert_int_equal(t.choice, 1);
	assert_true(t.flag && t.has_text && !t.has_id);
	assert_int_equal(t.at, US_PER_S);
	free((void *)(uintptr_t)t.text);
}

static void
each_fault_has_its_pointer(void **state)
{
	(void)state;
	expect_fault("{}", "/amount");
	expect_fault("{\"amount\":null}", "/amount");
	expect_fault("{\"amount\":0}", "/amount");
	expect_fault("{\"amount\":-1}", "/amount");
	expect_fault("{\"amount\":1.5}", "/amount");
	expect_fault("{\"amount\":1.0}", "/amount");
	expect_fault("{\"amount\":\"1\"}", "/amount");
	expect_fault("{\"amount\":9007199254740992}", "/amount");
	expect_fault("{\"amount\":1,\"text\":\"\"}", "/text");
	expect_fault("{\"amount\":1,\"text\":\"sixsix\"}", "/text");
	expect_fault("{\"amount\":1,\"text\":\"a\\u0001\"}", "/text");
	expect_fault("{\"amount\":1,\"text\":5}", "/text");
	expect_fault("{\"amount\":1,\"id\":\"nope\"}", "/id");
	expect_fault("{\"amount\":1,\"number\":6}", "/number");
	expect_fault("{\"amount\":1,\"number\":\"1\"}", "/number");
	expect_fault("{\"amount\":1,\"choice\":\"blue\"}", "/choice");
	expect_fault("{\"amount\":1,\"flag\":1}", "/flag");
	expect_fault("{\"amount\":1,\"at\":\"yesterday\"}", "/at");
	expect_fault("{\"amount\":1,\"object\":[]}", "/object");
	expect_fault("{\"amount\":1,\"other\":1}", "/other");
	expect_fault("{\"amount\":1,\"a/b~c\":1}", "/a~1b~0c");
}

static void
all_faults_are_reported_up_to_a_limit(void **state)
{
	struct thing t = { 0 };
	struct faults f = { 0 };
	char json[4096] = "{";

	(void)state;
	assert_int_equal(
		bind("{\"number\":99,\"flag\":0,\"what\":1}", &t, &f), ERR_INVALID_REQUEST);
	assert_int_equal(json_array_size(f.list), 4);
	json_decref(f.list);
	f.list = NULL;
	for (int i = 0; i < 100; i++)
		snprintf(json + strlen(json), sizeof json - strlen(json), "\"x%d\":1,", i);
	snprintf(json + strlen(json), sizeof json - strlen(json), "\"amount\":1}");
	assert_int_equal(bind(json, &t, &f), ERR_INVALID_REQUEST);
	assert_int_equal(json_array_size(f.list), 32);
	json_decref(f.list);
}

static void
a_long_unknown_member_is_cut_to_valid_utf8(void **state)
{
	struct thing t = { 0 };
	struct faults f = { 0 };
	char json[2048] = "{\"amount\":1,\"";

	(void)state;
	for (int i = 0; i < 200; i++)
		strncat(json, "\xc3\xa9", 3);
	strncat(json, "\":1}", 5);
	assert_int_equal(bind(json, &t, &f), ERR_INVALID_REQUEST);
	assert_non_null(json_array_get(f.list, 0));
	json_decref(f.list);
}

static void
query_values_are_read_by_type(void **state)
{
	struct thing t = { 0 };
	struct faults f = { 0 };
	const struct field number = { "limit", FIELD_NUMBER, .min = 1, .max = 200,
		.number = &t.number };
	const struct field flag = { "flag", FIELD_BOOL, .boolean = &t.flag };

	(void)state;
	assert_int_equal(bind_text("200", &number, &f), OK);
	assert_int_equal(t.number, 200);
	assert_int_equal(bind_text("true", &flag, &f), OK);
	assert_null(f.list);
	static const char *const bad[] = { "201", "0", "", "-", "+5", " 5", "5 ", "5x", "0x5",
		"99999999999999999999", "1e1" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(bind_text(bad[i], &number, &f), ERR_INVALID_REQUEST);
	assert_int_equal(bind_text("yes", &flag, &f), ERR_INVALID_REQUEST);
	json_decref(f.list);
}

static void
periods_accept_dates_and_a_plus_read_as_a_space(void **state)
{
	struct faults f = { 0 };
	instant_us from = 0, to = 0;
	const struct field a = { "from", FIELD_FROM, .instant = &from },
			   b = { "to", FIELD_TO, .instant = &to };

	(void)state;
	assert_int_equal(bind_text("2026-01-31", &a, &f), OK);
	assert_int_equal(bind_text("2026-01-31", &b, &f), OK);
	assert_int_equal(to - from, US_PER_DAY);
	assert_int_equal(bind_text("2026-01-31T01:00:00 01:00", &b, &f), OK);
	assert_int_equal(to, from);
	assert_int_equal(bind_text("9999-12-31", &b, &f), OK);
	assert_int_equal(to, INSTANT_LAST);
	assert_null(f.list);
	assert_int_equal(bind_text("2026-02-30", &a, &f), ERR_INVALID_REQUEST);
	assert_int_equal(
		bind_text("2026-01-31T01:00:00 01:00 and much more than any instant has", &a, &f),
		ERR_INVALID_REQUEST);
	json_decref(f.list);
}

static enum error
text_read(const char *s)
{
	struct faults f = { 0 };
	const char *text;
	const struct field field = { "text", FIELD_TEXT, .max = 20, .text = &text };
	enum error e = bind_text(s, &field, &f);

	json_decref(f.list);
	return e;
}

static void
texts_have_no_controls_and_something_to_see(void **state)
{
	static const char *const good[] = { "", "a", " a ", "a\tb\nc", "\xc3\xa9", "\xe2\x82\xac",
		"\xc2\xa0x", "\xe2\x80\x8bx", "\xf0\x9f\x98\x80", "\xc2\xad-", "\xd7\x90" };
	static const char *const controls[] = { "a\x01", "a\r", "\x7f", "a\xc2\x80", "a\xc2\x85",
		"\xc2\x9f", "a\xe2\x80\xa8", "a\xe2\x80\xa9" };
	static const char *const blank[] = { " ", "\t\n", "\xc2\xa0", "\xc2\xad", "\xe2\x80\x8b",
		"\xe2\x80\x8b \xe2\x81\xa0", "\xe3\x80\x80", "\xe3\x85\xa4", "\xef\xbb\xbf",
		"\xe2\xa0\x80", "\xe2\x80\xae", "\xef\xb8\x8f" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(text_read(good[i]), OK);
	for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
		assert_int_equal(text_read(controls[i]), ERR_INVALID_REQUEST);
	for (size_t i = 0; i < sizeof blank / sizeof *blank; i++)
		assert_int_equal(text_read(blank[i]), ERR_INVALID_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_members_are_read),
		cmocka_unit_test(each_fault_has_its_pointer),
		cmocka_unit_test(all_faults_are_reported_up_to_a_limit),
		cmocka_unit_test(a_long_unknown_member_is_cut_to_valid_utf8),
		cmocka_unit_test(query_values_are_read_by_type),
		cmocka_unit_test(periods_accept_dates_and_a_plus_read_as_a_space),
		cmocka_unit_test(texts_have_no_controls_and_something_to_see),
	};

	return RUN(tests);
}
