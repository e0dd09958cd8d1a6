/* time.c - fuzzes the readers of instants and dates: RFC 3339 in, the same instant out. */
#include <string.h>

#include "common/base/clock.h"
#include "tests/fuzz/fuzz.h"

static bool
is_utc(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && (text[n - 1] == 'Z' || text[n - 1] == 'z');
}

/* Without an offset or a leap second the digits stay where they are. */
static void
instant_check(const char *text, instant_us t)
{
	char shown[INSTANT_TEXT];
	instant_us again;

	CHECK(t >= 0 && t <= INSTANT_LAST, "%s is %lld", text, (long long)t);
	instant_format(t, shown);
	CHECK(strlen(shown) == INSTANT_TEXT - 1, "%s becomes %s", text, shown);
	CHECK(instant_parse(shown, &again) && again == t, "%s becomes %s", text, shown);
	if (is_utc(text) && memcmp(text + 17, "60", 2) != 0)
		CHECK(memcmp(text, shown, 10) == 0 && memcmp(text + 11, shown + 11, 8) == 0,
			"%s becomes %s", text, shown);
}

FUZZ_TARGET(time)
{
	char *text = fuzz_line(in), shown[INSTANT_TEXT];
	instant_us instant, date, from, to;
	bool is_instant = instant_parse(text, &instant), is_date = date_parse(text, &date);

	CHECK(!is_instant || !is_date, "%s is both", text);
	if (is_instant)
		instant_check(text, instant);
	if (is_date) {
		instant_format(date, shown);
		CHECK(memcmp(text, shown, 10) == 0 && strcmp(shown + 10, "T00:00:00.000000Z") == 0,
			"%s becomes %s", text, shown);
	}
	CHECK(moment_parse(text, false, &from) == (is_instant || is_date), "%s", text);
	CHECK(moment_parse(text, true, &to) == (is_instant || is_date), "%s", text);
	if (is_instant || is_date)
		CHECK(from >= 0 && from <= to && to <= INSTANT_LAST, "%s", text);
}
