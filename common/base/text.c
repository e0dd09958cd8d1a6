/* text.c - a growable text buffer; see text.h. */
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_INITIAL 4096

/* Doubles, so that building a text of n bytes copies O(n) bytes in total. */
static bool
text_grow(struct text *t, size_t bytes)
{
	size_t capacity = t->capacity > 0 ? t->capacity : TEXT_INITIAL;
	char *data;

	if (t->failed || (t->max > 0 && t->bytes + bytes > t->max)) {
		t->failed = true;
		return false;
	}
	while (capacity < t->bytes + bytes)
		capacity *= 2;
	if ((data = realloc(t->data, capacity)) == NULL) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->capacity = capacity;
	return true;
}

void
text_add(struct text *t, const char *data, size_t bytes)
{
	if (bytes > t->capacity - t->bytes && !text_grow(t, bytes))
		return;
	memcpy(t->data + t->bytes, data, bytes);
	t->bytes += bytes;
}

void
text_add_string(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

/* Digits from the end. The unsigned rest also holds the smallest number, whose
 * negation would overflow. */
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

/* Escapes what JSON does not allow as is (RFC 8259, 7): quotes, backslashes, control characters.
 * The rest is already UTF-8. */
static void
json_escape(struct text *t, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char escaped[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (c == '"' || c == '\\') {
		escaped[1] = (char)c;
		text_add(t, escaped, 2);
	} else if (c == '\n') {
		TEXT_LITERAL(t, "\\n");
	} else {
		text_add(t, escaped, sizeof escaped);
	}
}

/* Copies whole runs between the characters that need an escape. */
void
text_add_json(struct text *t, const char *s)
{
	const char *run = s;

	if (s == NULL) {
		TEXT_LITERAL(t, "null");
		return;
	}
	TEXT_LITERAL(t, "\"");
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		text_add(t, run, (size_t)(s - run));
		json_escape(t, c);
		run = s + 1;
	}
	text_add(t, run, (size_t)(s - run));
	TEXT_LITERAL(t, "\"");
}

static int
value_piece(const char *piece, size_t bytes, void *context)
{
	struct text *t = context;

	text_add(t, piece, bytes);
	return t->failed ? -1 : 0;
}

void
text_add_value(struct text *t, const json_t *value)
{
	if (json_dump_callback(value, value_piece, t, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		t->failed = true;
}

void
text_add_uuid(struct text *t, const struct uuid *u)
{
	char text[UUID_TEXT];

	if (u == NULL) {
		text_add_json(t, NULL);
		return;
	}
	uuid_format(u, text);
	text_add_json(t, text);
}

void
text_add_instant(struct text *t, instant_us at)
{
	char text[INSTANT_TEXT];

	instant_format(at, text);
	text_add_json(t, text);
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

/* Also forgets a failure: the next text starts without it. */
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
	*t = (struct text){ .max = t->max };
}
