/* test_statement_format.c - pages and files, byte for byte: JSON, CSV, growing text. */
#include <jansson.h>

#include "domain/statement/csv.h"
#include "domain/statement/format.h"
#include "tests/unit/unit.h"

static const char *
field(struct text *t, const char *s)
{
	text_clear(t);
	csv_field(t, s);
	return text_end(t);
}

static void
csv_fields_are_quoted_as_in_rfc_4180(void **state)
{
	TEXT(t);

	(void)state;
	assert_string_equal(field(&t, NULL), "");
	assert_string_equal(field(&t, ""), "");
	assert_string_equal(field(&t, "Corner Shop"), "Corner Shop");
	assert_string_equal(field(&t, "a,b"), "\"a,b\"");
	assert_string_equal(field(&t, "say \"hi\""), "\"say \"\"hi\"\"\"");
	assert_string_equal(field(&t, "\""), "\"\"\"\"");
	assert_string_equal(field(&t, "two\nlines"), "\"two\nlines\"");
	assert_string_equal(field(&t, "Caf\xc3\xa9 \xe2\x82\xac"), "Caf\xc3\xa9 \xe2\x82\xac");
}

static void
formulas_become_text(void **state)
{
	TEXT(t);

	(void)state;
	assert_string_equal(field(&t, "=1+2"), "'=1+2");
	assert_string_equal(field(&t, "+49 30"), "'+49 30");
	assert_string_equal(field(&t, "-x"), "'-x");
	assert_string_equal(field(&t, "@SUM(A1)"), "'@SUM(A1)");
	assert_string_equal(field(&t, "\t=1"), "'\t=1");
	assert_string_equal(field(&t, "\r=1"), "\"'\r=1\"");
	assert_string_equal(
		field(&t, "=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
	assert_string_equal(field(&t, "a=1"), "a=1");
	assert_string_equal(field(&t, " =1"), "' =1");
	assert_string_equal(field(&t, "\xc2\xa0\xe2\x80\x8b@x"), "'\xc2\xa0\xe2\x80\x8b@x");
	assert_string_equal(field(&t, "\n=1"), "\"'\n=1\"");
	assert_string_equal(field(&t, "\r\n +1"), "\"'\r\n +1\"");
	assert_string_equal(field(&t, "\xef\xbc\x9d" "1"), "'\xef\xbc\x9d" "1");
	assert_string_equal(field(&t, " x"), " x");
	assert_string_equal(field(&t, " "), " ");
}

static const struct heading heading = {
	.wallet_id = "019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e42",
	.currency = "EUR",
	.from = "2026-11-23T00:00:00.000000Z",
	.to = "2026-11-24T00:00:00.000000Z",
	.opening = -5,
	.closing = 7500,
	.version = 3,
};

static const struct line purchase = {
	.version = 3,
	.amount = -2500,
	.balance_after = 7500,
	.id = "019aaf04-5a10-7e21-8f00-1c2d3e4f5061",
	.kind = "purchase",
	.merchant = "=Corner \"Shop\", \\ ",
	.description = "a\nb\x01\tc\xc3\xa9",
	.created_at = "2026-11-23T09:15:41.733902Z",
};

static const struct line undo = {
	.version = 4,
	.amount = 2500,
	.balance_after = 10000,
	.id = "019aaf04-5a10-7e21-8f00-1c2d3e4f5062",
	.kind = "cancellation",
	.reference_id = "019aaf04-5a10-7e21-8f00-1c2d3e4f5061",
	.created_at = "2026-11-23T09:16:00.000000Z",
};

static const struct line transfer = {
	.version = 5,
	.amount = -1,
	.balance_after = 9999,
	.id = "019aaf04-5a10-7e21-8f00-1c2d3e4f5063",
	.kind = "transfer",
	.counterpart_wallet_id = "019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e43",
	.counterpart_id = "019aaf04-5a10-7e21-8f00-1c2d3e4f5064",
	.created_at = "2026-11-23T09:17:00.000000Z",
};

static void
write_all(struct text *t, enum format f, const char *cursor)
{
	formats[f].head(t, &heading);
	formats[f].line(t, &purchase, true);
	formats[f].line(t, &undo, false);
	formats[f].tail(t, cursor);
}

static void
json_reads_back_as_it_was(void **state)
{
	TEXT(t);
	json_error_t fault;
	json_t *o, *lines;
	const char *first;

	(void)state;
	write_all(&t, FORMAT_JSON, "abc");
	o = json_loads(text_end(&t), JSON_REJECT_DUPLICATES, &fault);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "opening_balance")), -5);
	assert_int_equal(json_integer_value(json_object_get(o, "closing_balance")), 7500);
	assert_string_equal(json_string_value(json_object_get(o, "next_cursor")), "abc");
	lines = json_object_get(o, "lines");
	assert_int_equal(json_array_size(lines), 2);
	first = json_string_value(json_object_get(json_array_get(lines, 0), "merchant"));
	assert_string_equal(first, purchase.merchant);
	first = json_string_value(json_object_get(json_array_get(lines, 0), "description"));
	assert_string_equal(first, purchase.description);
	assert_true(json_is_null(json_object_get(json_array_get(lines, 1), "merchant")));
	json_decref(o);
}

static void
json_has_the_members_of_the_contract_in_their_order(void **state)
{
	TEXT(t);

	(void)state;
	formats[FORMAT_JSON].head(&t, &heading);
	formats[FORMAT_JSON].line(&t, &undo, true);
	formats[FORMAT_JSON].tail(&t, NULL);
	assert_string_equal(text_end(&t),
		"{\"wallet_id\":\"019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e42\",\"currency\":\"EUR\","
		"\"from\":\"2026-11-23T00:00:00.000000Z\",\"to\":\"2026-11-24T00:00:00.000000Z\","
		"\"opening_balance\":-5,\"closing_balance\":7500,\"version\":3,"
		"\"lines\":[{\"version\":4,\"id\":\"019aaf04-5a10-7e21-8f00-1c2d3e4f5062\","
		"\"kind\":\"cancellation\",\"amount\":2500,"
		"\"balance_after\":10000,\"merchant\":null,\"description\":null,"
		"\"reference_id\":\"019aaf04-5a10-7e21-8f00-1c2d3e4f5061\","
		"\"created_at\":\"2026-11-23T09:16:00.000000Z\"}],\"next_cursor\":null}");
}

static void
csv_is_written_row_by_row(void **state)
{
	TEXT(t);

	(void)state;
	write_all(&t, FORMAT_CSV, NULL);
	assert_string_equal(text_end(&t),
		"version,id,kind,amount,balance_after,merchant,description,reference_id,created_at,"
		"counterpart_wallet_id,counterpart_id\r\n"
		"3,019aaf04-5a10-7e21-8f00-1c2d3e4f5061,purchase,-2500,7500,"
		"\"'=Corner \"\"Shop\"\", \\ \",\"a\nb\x01\tc\xc3\xa9\",,"
		"2026-11-23T09:15:41.733902Z,,\r\n"
		"4,019aaf04-5a10-7e21-8f00-1c2d3e4f5062,cancellation,2500,10000,,,"
		"019aaf04-5a10-7e21-8f00-1c2d3e4f5061,2026-11-23T09:16:00.000000Z,,\r\n");
}

static void
a_transfer_names_the_other_side(void **state)
{
	struct line received = transfer;
	TEXT(t);

	(void)state;
	received.amount = 1;
	formats[FORMAT_JSON].line(&t, &transfer, true);
	assert_non_null(strstr(text_end(&t),
		"\"created_at\":\"2026-11-23T09:17:00.000000Z\","
		"\"to_wallet_id\":\"019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e43\","
		"\"counterpart_id\":\"019aaf04-5a10-7e21-8f00-1c2d3e4f5064\"}"));
	text_clear(&t);
	formats[FORMAT_JSON].line(&t, &received, true);
	assert_non_null(strstr(text_end(&t),
		",\"from_wallet_id\":\"019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e43\",\"counterpart_id\""));
	text_clear(&t);
	formats[FORMAT_CSV].line(&t, &transfer, true);
	assert_string_equal(text_end(&t),
		"5,019aaf04-5a10-7e21-8f00-1c2d3e4f5063,transfer,-1,9999,,,,"
		"2026-11-23T09:17:00.000000Z,019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e43,"
		"019aaf04-5a10-7e21-8f00-1c2d3e4f5064\r\n");
}

static void
numbers_to_the_ends_of_their_range(void **state)
{
	TEXT(t);

	(void)state;
	text_add_number(&t, INT64_MIN);
	text_add_string(&t, " ");
	text_add_number(&t, INT64_MAX);
	text_add_string(&t, " ");
	text_add_number(&t, 0);
	assert_string_equal(text_end(&t), "-9223372036854775808 9223372036854775807 0");
}

static void
text_stops_at_its_limit_and_reports_it(void **state)
{
	TEXT(t);

	(void)state;
	t.max = 10000;
	for (int i = 0; i < 9999; i++)
		text_add(&t, "x", 1);
	assert_non_null(text_end(&t));
	assert_int_equal(t.bytes, 9999);
	for (int i = 0; i < 10000; i++)
		text_add(&t, "yz", 2);
	assert_true(t.failed);
	assert_null(text_end(&t));
	text_clear(&t);
	text_add_string(&t, "again");
	assert_string_equal(text_end(&t), "again");
}

static void
each_format_has_a_name_and_its_functions(void **state)
{
	(void)state;
	for (int f = 0; f < FORMAT_COUNT; f++) {
		assert_string_equal(format_names[f], formats[f].name);
		assert_non_null(formats[f].ending);
		assert_non_null(strchr(formats[f].media_type, '/'));
		assert_true(formats[f].head != NULL && formats[f].line != NULL &&
			    formats[f].tail != NULL);
		/* As the database's CHECK has it. */
		assert_int_equal(strspn(formats[f].name, "abcdefghijklmnopqrstuvwxyz0123456789"),
			strlen(formats[f].name));
	}
	assert_null(format_names[FORMAT_COUNT]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_fields_are_quoted_as_in_rfc_4180),
		cmocka_unit_test(formulas_become_text),
		cmocka_unit_test(json_reads_back_as_it_was),
		cmocka_unit_test(json_has_the_members_of_the_contract_in_their_order),
		cmocka_unit_test(csv_is_written_row_by_row),
		cmocka_unit_test(a_transfer_names_the_other_side),
		cmocka_unit_test(numbers_to_the_ends_of_their_range),
		cmocka_unit_test(text_stops_at_its_limit_and_reports_it),
		cmocka_unit_test(each_format_has_a_name_and_its_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
