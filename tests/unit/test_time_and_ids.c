/* test_time_and_ids.c - instants, dates and UUIDs, with time and randomness fixed. */
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/uuid.h"
#include "tests/unit/unit.h"

static void
instants_are_rfc3339(void **state)
{
	static const struct {
		const char *text;
		instant_us value; /* -1: refused */
	} cases[] = { { "1970-01-01T00:00:00Z", 0 }, { "1970-01-01T00:00:00.000001Z", 1 },
		{ "2000-02-29T00:00:00z", 951782400000000 },
		{ "2026-11-23T05:08:36.123456Z", 1795410516123456 },
		{ "2026-11-23T06:08:36.123456+01:00", 1795410516123456 },
		{ "2026-11-23t00:08:36.123456-05:00", 1795410516123456 },
		{ "2026-11-23T05:08:36.1234567899Z", -1 },
		{ "2026-11-23T05:08:36.123456789Z", 1795410516123456 },
		{ "2026-11-23 05:08:36.123456Z", 1795410516123456 }, { "1969-12-31T23:59:59Z", -1 },
		{ "1970-01-01T00:00:00+01:00", -1 }, { "2023-02-29T00:00:00Z", -1 },
		{ "1900-02-29T00:00:00Z", -1 }, { "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 }, { "2026-01-32T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 }, { "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:00", -1 }, { "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00Z", -1 }, { "2026-01-01T00:00:00+1:00", -1 },
		{ "2026-01-01T00:00:00+24:00", -1 }, { "2026-01-01", -1 }, { "", -1 },
		{ "2026-01-01T00:00:00Z ", -1 }, { "20260101T000000Z", -1 },
		{ "+026-01-01T00:00:00Z", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		instant_us t = -1;

		assert_int_equal(instant_parse(cases[i].text, &t), cases[i].value >= 0);
		assert_int_equal(t, cases[i].value);
	}
}

static void
instants_survive_writing_and_reading(void **state)
{
	static const instant_us cases[] = { 0, 1, 999999, 1000000, 951782399999999,
		1795410516123456, 253402300799999999 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[INSTANT_TEXT];
		instant_us back;

		instant_format(cases[i], text);
		assert_int_equal(strlen(text), INSTANT_TEXT - 1);
		assert_true(instant_parse(text, &back));
		assert_int_equal(back, cases[i]);
	}
}

static void
dates_are_days_in_utc(void **state)
{
	instant_us t;

	(void)state;
	assert_true(date_parse("2024-02-29", &t));
	assert_int_equal(t, INT64_C(1709164800000000));
	assert_false(date_parse("2023-02-29", &t));
	assert_false(date_parse("2024-2-29", &t));
	assert_false(date_parse("2024-02-29T00:00:00Z", &t));
}

/* The text has a year that we store; the instant that it means has not. */
static void
no_offset_leads_out_of_the_years(void **state)
{
	instant_us t;

	(void)state;
	assert_true(instant_parse("9999-12-31T23:59:59.999999999Z", &t));
	assert_int_equal(t, INSTANT_LAST);
	assert_true(instant_parse("1970-01-01T01:00:00+01:00", &t));
	assert_int_equal(t, 0);
	assert_false(instant_parse("9999-12-31T23:59:59-00:01", &t));
	assert_false(instant_parse("9999-12-31T23:59:60Z", &t));
	assert_false(instant_parse("1970-01-01T00:59:59+01:00", &t));
}

static void
uuid_version_7_is_time_then_randomness(void **state)
{
	char a[UUID_TEXT], b[UUID_TEXT];
	struct uuid u;

	(void)state;
	clock_fix(INT64_C(1795410516123456));
	random_fix(42);
	u = uuid_v7();
	uuid_format(&u, a);
	random_fix(42);
	u = uuid_v7();
	uuid_format(&u, b);
	assert_string_equal(a, b);
	assert_memory_equal(a, "01a206ce-589b-7", 15);
	assert_int_equal(a[14], '7');
	assert_non_null(strchr("89ab", a[19]));
	u = uuid_v7();
	uuid_format(&u, b);
	assert_string_not_equal(a, b);
	/* A later instant sorts after it, whatever the random part. */
	clock_fix(INT64_C(1795410516123456) + 1000);
	u = uuid_v7();
	uuid_format(&u, b);
	assert_true(strcmp(a, b) < 0);
	clock_fix(0);
	random_fix(0);
}

static void
uuids_are_read_strictly(void **state)
{
	static const char *const bad[] = { "", "018f6f2e", "018f6f2e-7b1c-7cc0-8000-00000000000",
		"018f6f2e-7b1c-7cc0-8000-0000000000000", "018f6f2e-7b1c-7cc0-8000_000000000000",
		"g18f6f2e-7b1c-7cc0-8000-000000000000", "{18f6f2e-7b1c-7cc0-8000-000000000000}",
		"018f6f2e7b1c7cc08000000000000000", " 18f6f2e-7b1c-7cc0-8000-000000000000" };
	char text[UUID_TEXT];
	struct uuid u;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(uuid_parse(bad[i], &u));
	assert_true(uuid_parse("018F6F2E-7b1c-7cc0-8000-00000000abCD", &u));
	uuid_format(&u, text);
	assert_string_equal(text, "018f6f2e-7b1c-7cc0-8000-00000000abcd");
}

/* A period never loses what the caller asked for: finer digits make its end later. */
static void
finer_ends_are_rounded_up(void **state)
{
	static const struct {
		const char *text;
		instant_us start, end;
	} cases[] = { { "1970-01-01T00:00:00.000001Z", 1, 1 },
		{ "1970-01-01T00:00:00.0000010Z", 1, 1 },
		{ "1970-01-01T00:00:00.000001000Z", 1, 1 },
		{ "1970-01-01T00:00:00.0000011Z", 1, 2 },
		{ "1970-01-01T00:00:00.000001001+00:00", 1, 2 },
		{ "9999-12-31T23:59:59.9999999Z", INSTANT_LAST, INSTANT_LAST } };
	instant_us t;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(moment_parse(cases[i].text, false, &t));
		assert_int_equal(t, cases[i].start);
		assert_true(moment_parse(cases[i].text, true, &t));
		assert_int_equal(t, cases[i].end);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants_are_rfc3339),
		cmocka_unit_test(instants_survive_writing_and_reading),
		cmocka_unit_test(dates_are_days_in_utc),
		cmocka_unit_test(no_offset_leads_out_of_the_years),
		cmocka_unit_test(finer_ends_are_rounded_up),
		cmocka_unit_test(uuid_version_7_is_time_then_randomness),
		cmocka_unit_test(uuids_are_read_strictly),
	};

	return RUN(tests);
}
