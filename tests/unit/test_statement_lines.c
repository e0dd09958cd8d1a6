/* test_statement_lines.c - the data of transaction_created: what becomes a line, what is refused
 * and why. */
#include "domain/statement/lines.h"
#include "tests/unit/unit.h"

#define ID "019aaf04-5a10-7e21-8f00-1c2d3e4f5061"

static struct lines *lines;

static json_t *
sample(void)
{
	json_error_t fault;
	json_t *o = json_loads(
		"{\"id\":\"" ID "\",\"wallet_id\":\"" ID "\",\"owner_id\":\"" ID "\","
		"\"kind\":\"purchase\",\"amount\":2500,\"currency\":\"EUR\","
		"\"balance_after\":7500,\"version\":3,\"reference_id\":null,"
		"\"merchant\":\"Corner Shop\",\"description\":null,\"metadata\":{\"a\":1},"
		"\"created_at\":\"2026-11-23T09:15:41.733902Z\"}",
		0, &fault);

	assert_non_null(o);
	return o;
}

/* Adds the sample with one member changed, or left out if value is NULL. */
static enum error
add_with(const char *member, const char *value, char reason[LINES_REASON])
{
	json_error_t fault;
	json_t *o = sample();
	enum error e;

	if (value == NULL)
		json_object_del(o, member);
	else
		json_object_set_new(o, member, json_loads(value, JSON_DECODE_ANY, &fault));
	e = lines_add(lines, o, reason);
	json_decref(o);
	return e;
}

static void
accepts(const char *member, const char *value)
{
	char reason[LINES_REASON] = "";
	size_t before = lines_count(lines);

	if (add_with(member, value, reason) != OK)
		fail_msg("%s = %s: %s", member, value != NULL ? value : "nothing", reason);
	assert_int_equal(lines_count(lines), before + 1);
}

static void
refuses(const char *member, const char *value)
{
	char reason[LINES_REASON] = "";
	size_t before = lines_count(lines);

	assert_int_equal(add_with(member, value, reason), ERR_INVALID_REQUEST);
	assert_true(strlen(reason) > 5);
	assert_int_equal(lines_count(lines), before);
}

static void
data_as_the_api_shows_it_is_a_line(void **state)
{
	(void)state;
	accepts("metadata", "null");
	accepts("metadata", NULL);
	accepts("merchant", NULL);
	accepts("merchant", "\"\"");
	accepts("reference_id", "\"" ID "\"");
	accepts("balance_after", "-9007199254740991");
	accepts("balance_after", "9007199254740991");
	accepts("amount", "0");
	accepts("version", "9007199254740991");
	accepts("kind", "\"transfer\"");
	/* What it did to the balance; events of before do not say it. */
	accepts("balance_change", NULL);
	accepts("balance_change", "null");
	accepts("balance_change", "-2500");
	accepts("balance_change", "0");
	accepts("balance_change", "9007199254740991");
	accepts("held_change", "-2500");
	accepts("a_member_of_tomorrow", "[1,2]");
	accepts("created_at", "\"2026-11-23T09:15:41+01:00\"");
}

static void
invalid_members_are_refused(void **state)
{
	static const char *const required[] = { "id", "wallet_id", "owner_id", "kind", "amount",
		"currency", "balance_after", "version", "created_at" };

	(void)state;
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		refuses(required[i], NULL);
		refuses(required[i], "null");
		refuses(required[i], "{}");
	}
	refuses("id", "\"no uuid\"");
	refuses("amount", "-1");
	refuses("amount", "12.5");
	refuses("amount", "\"12\"");
	refuses("amount", "9007199254740992");
	refuses("balance_after", "-9007199254740992");
	refuses("balance_change", "9007199254740992");
	refuses("balance_change", "-9007199254740992");
	refuses("balance_change", "\"-2500\"");
	refuses("balance_change", "12.5");
	refuses("version", "0");
	refuses("kind", "\"\"");
	refuses("kind", "\"Purchase\"");
	refuses("kind", "\"=cmd\"");
	refuses("currency", "\"eur\"");
	refuses("currency", "\"EURO\"");
	refuses("reference_id", "\"x\"");
	refuses("merchant", "5");
	refuses("created_at", "\"yesterday\"");
	refuses("created_at", "\"2026-11-23\"");
}

static enum error
add_sides(const char *to, const char *from, const char *counterpart)
{
	char reason[LINES_REASON] = "";
	json_t *o = sample();
	enum error e;

	json_object_set_new(o, "kind", json_string("transfer"));
	if (to != NULL)
		json_object_set_new(o, "to_wallet_id", json_string(to));
	if (from != NULL)
		json_object_set_new(o, "from_wallet_id", json_string(from));
	if (counterpart != NULL)
		json_object_set_new(o, "counterpart_id", json_string(counterpart));
	e = lines_add(lines, o, reason);
	json_decref(o);
	return e;
}

static void
the_other_side_is_complete_or_absent(void **state)
{
	(void)state;
	assert_int_equal(add_sides(ID, NULL, ID), OK);
	assert_int_equal(add_sides(NULL, ID, ID), OK);
	assert_int_equal(add_sides(ID, ID, ID), ERR_INVALID_REQUEST);
	assert_int_equal(add_sides(ID, NULL, NULL), ERR_INVALID_REQUEST);
	assert_int_equal(add_sides(NULL, NULL, ID), ERR_INVALID_REQUEST);
	assert_int_equal(add_sides("no uuid", NULL, ID), ERR_INVALID_REQUEST);
	assert_int_equal(add_sides(ID, NULL, "no uuid"), ERR_INVALID_REQUEST);
}

static void
data_must_be_an_object(void **state)
{
	char reason[LINES_REASON] = "";
	json_t *array = json_array();

	(void)state;
	assert_int_equal(lines_add(lines, array, reason), ERR_INVALID_REQUEST);
	assert_int_equal(lines_add(lines, NULL, reason), ERR_INVALID_REQUEST);
	json_decref(array);
}

static int
begin(void **state)
{
	(void)state;
	lines = lines_new();
	return lines != NULL ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	lines_free(lines);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_as_the_api_shows_it_is_a_line),
		cmocka_unit_test(the_other_side_is_complete_or_absent),
		cmocka_unit_test(invalid_members_are_refused),
		cmocka_unit_test(data_must_be_an_object),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
