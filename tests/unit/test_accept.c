/* test_accept.c - which of two media types an Accept header prefers. */
#include "common/http/accept.h"
#include "tests/unit/unit.h"

/* As the statement service offers them. */
static const char *
preferred(const char *accept)
{
	int json = accept_preference(accept, "application/json"),
	    csv = accept_preference(accept, "text/csv; charset=utf-8; header=present");

	return json == 0 && csv == 0 ? "none" : csv > json ? "csv" : "json";
}

static void
the_heavier_type_wins_then_the_more_exact_one(void **state)
{
	static const struct {
		const char *accept, *wins;
	} cases[] = {
		{ NULL, "json" },
		{ "*/*", "json" },
		{ "text/csv", "csv" },
		{ "TEXT/CSV", "csv" },
		{ "text/*", "csv" },
		{ "Text/*;q=0.001", "csv" },
		{ "text/csv;header=present, text/plain", "csv" },
		{ "text/csv, application/json", "json" },
		{ "text/csv, */*", "csv" },
		{ "text/csv;q=0.9, */*", "json" },
		{ "text/csv;q=0.9 , */* ; q=0.8", "csv" },
		{ "application/json;q=0.1, text/csv", "csv" },
		{ "application/json;q=0, text/csv;q=0.1", "csv" },
		{ "application/json;q=0, */*", "csv" },
		{ "application/*, text/*;q=0.5", "json" },
		{ "*/*;q=0.1, text/csv;q=0, text/*", "json" },
		{ "text/csv;q=1.000, application/json;q=0.999", "csv" },
		{ "text/csv;q=0.25, application/json;q=0.3", "json" },
		{ "text/csv;q=0, text/csv", "csv" },
		{ "text/csv;x=\"a, application/json;q=1\";Q=1", "csv" },
		{ "text/csv;x=\"\\\", application/json\"", "csv" },
		{ ",, text/csv ,", "csv" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(preferred(cases[i].accept), cases[i].wins);
}

static void
what_accepts_neither_is_told_apart(void **state)
{
	static const char *const cases[] = { "", ",", ";", "\"", "text/html", "text/csv;q=0",
		"application/json;q=0, text/csv;q=0.000", "*/*;q=0", "text/csvs", "text/cs", "text",
		"text/csv;q=", "text/csv;q=x", "text/csv;q=-1", "application/problem+json", "*",
		"@@;q=7", "text/csv x", "\"text/csv\"", "text/csv;x=\"\\" };

	(void)state;
	for (size_t i = 0; i + 1 < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(preferred(cases[i]), "none");
	/* Quotes without an end do not read past it. */
	assert_string_equal(preferred(cases[sizeof cases / sizeof cases[0] - 1]), "csv");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heavier_type_wins_then_the_more_exact_one),
		cmocka_unit_test(what_accepts_neither_is_told_apart),
	};

	return RUN(tests);
}
