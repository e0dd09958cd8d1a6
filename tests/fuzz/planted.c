/* planted.c - a target that fails in each way: tests/fuzz/replay shows that it is noticed. It is
 * not fuzzed. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(planted)
{
	size_t bytes;
	volatile const char *text = fuzz_rest(in, &bytes);
	volatile size_t steps = 0;

	if (strncmp((const char *)text, "slow", 4) == 0)
		while (text[0] == 's')
			steps++;
	if (strncmp((const char *)text, "read", 4) == 0)
		CHECK(text[bytes + 1] == 'x', "past the end");
	CHECK(text[0] != 'c', "planted");
}
