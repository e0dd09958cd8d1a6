/* range.c - fuzzes the headers of a download: Range and Accept. Lines: the file's size, Range,
 * Accept. */
#include "common/base/bind.h"
#include "common/http/accept.h"
#include "common/http/reply_file.c"
#include "domain/statement/format.h"
#include "tests/fuzz/fuzz.h"

static void
range_check(const char *range, off_t size)
{
	off_t from = -1, bytes = -1;

	switch (range_parse(range, size, &from, &bytes)) {
	case RANGE_GOOD:
		CHECK(from >= 0 && bytes >= 1 && from + bytes <= size, "%s of %lld: %lld, %lld",
			range, (long long)size, (long long)from, (long long)bytes);
		break;
	case RANGE_BAD:
	case RANGE_NONE:
		break;
	}
}

FUZZ_TARGET(range)
{
	char *size_text = fuzz_line(in), *range = fuzz_line(in), *accept = fuzz_line(in);
	int64_t size;

	for (int f = 0; f < FORMAT_COUNT; f++)
		CHECK(accept_preference(accept, formats[f].media_type) >= 0, "%d", f);
	if (number_parse(size_text, &size) && size >= 0)
		range_check(range, (off_t)size);
}
