/* line.c - fuzzes transaction_created as the statement reads it. */
#include "common/base/event.h"
#include "common/base/money.h"
#include "domain/statement/lines.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(line)
{
	size_t bytes;
	char *body = fuzz_rest(in, &bytes), reason[EVENT_REASON] = "", wallet[UUID_TEXT];
	struct event event;
	struct lines *lines = lines_new();
	int64_t version;
	enum error e = event_read(body, bytes, &event, reason);

	CHECK(lines != NULL, "no memory");
	if (e == OK) {
		e = lines_add(lines, event.data, reason);
		CHECK(lines_count(lines) == (e == OK), "%zu lines", lines_count(lines));
	}
	if (e != OK) {
		CHECK(reason[0] != '\0', "no reason");
	} else {
		lines_describe(lines, 0, wallet, &version);
		CHECK(version >= 1 && version <= MONEY_MAX, "%lld", (long long)version);
	}
	event_free(&event);
	lines_free(lines);
}
