/* text.c - text that grows; see text.h. */
#include "handlers/statement/text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST 4096

static bool
text_grow(struct text *t, size_t bytes)
{
	size_t room = t->room > 0 ? t->room : TEXT_FIRST;
	char *data;

	if (t->failed || (t->most > 0 && t->bytes + bytes > t->most)) {
		t->failed = true;
		return false;
	}
	while (room < t->bytes + bytes)
		room *= 2;
	if ((data = realloc(t->data, room)) == NULL) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->room = room;
	return true;
}

void
text_add(struct text *t, const char *data, size_t bytes)
{
	if (bytes > t->room - t->bytes && !text_grow(t, bytes))
		return;
	memcpy(t->data + t->bytes, data, bytes);
	t->bytes += bytes;
}

void
text_add_string(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_add_number(struct text *t, int64_t n)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		digits[--at] = '-';
	text_add(t, digits + at, sizeof digits - at);
}

const char *
text_end(struct text *t)
{
	text_add(t, "", 1);
	if (t->failed)
		return NULL;
	t->bytes--;
	return t->data;
}

void
text_clear(struct text *t)
{
	t->bytes = 0;
	t->failed = false;
}

void
text_free(struct text *t)
{
	free(t->data);
	*t = (struct text){ .most = t->most };
}
