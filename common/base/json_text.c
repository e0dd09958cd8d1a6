/* json_text.c - finds values in JSON text; see json_text.h.
 *
 * The text was parsed before, so it is valid JSON without a NUL byte. The loops still end on any
 * other text: each iteration moves on by at least one byte, and none goes past the end. */
#include "common/base/json_text.h"

#include <string.h>

static void
skip_space(struct json_text *s)
{
	while (s->at < s->end &&
		(*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

/* Skips a string, from its opening quote to just past the closing one. */
static void
skip_string(struct json_text *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
	if (s->at < s->end)
		s->at++;
}

/* Length of the number, true, false or null that starts here. */
static size_t
plain_length(const struct json_text *s)
{
	const char *p = s->at;

	/* strchr() finds a NUL at the end of its list; here it is a byte like others, so that every
	 * caller advances. */
	while (p < s->end && (*p == '\0' || strchr(",:]} \t\r\n", *p) == NULL))
		p++;
	return (size_t)(p - s->at);
}

/* Skips a whole value. In valid JSON brackets match, and only strings can hide them. */
static void
skip_value(struct json_text *s)
{
	int depth = 0;

	do {
		skip_space(s);
		if (s->at >= s->end)
			return;
		if (*s->at == '"') {
			skip_string(s);
		} else if (*s->at == '{' || *s->at == '[') {
			depth++;
			s->at++;
		} else if (*s->at == '}' || *s->at == ']') {
			depth--;
			s->at++;
		} else if (*s->at == ',' || *s->at == ':') {
			s->at++;
		} else {
			s->at += plain_length(s);
		}
	} while (depth > 0);
}

/* Compares a member's name, which begins and ends at its quotes and can contain escapes. */
static bool
name_is(const char *quoted, size_t bytes, const char *name)
{
	json_t *text;
	bool same;

	if (memchr(quoted, '\\', bytes) == NULL)
		return bytes == strlen(name) + 2 && memcmp(quoted + 1, name, bytes - 2) == 0;
	text = json_loadb(quoted, bytes, JSON_DECODE_ANY, NULL);
	same = json_is_string(text) && strcmp(json_string_value(text), name) == 0;
	json_decref(text);
	return same;
}

struct json_text
json_text_value(struct json_text t)
{
	struct json_text value;

	skip_space(&t);
	value.at = t.at;
	skip_value(&t);
	value.end = t.at;
	return value;
}

struct json_text
json_text_member(struct json_text object, const char *name)
{
	struct json_text s = object;

	skip_space(&s);
	if (s.at >= s.end || *s.at != '{')
		return (struct json_text){ s.end, s.end };
	s.at++;
	for (skip_space(&s); s.at < s.end && *s.at == '"'; skip_space(&s)) {
		const char *key = s.at;
		size_t n;

		skip_string(&s);
		n = (size_t)(s.at - key);
		skip_space(&s);
		s.at += s.at < s.end; /* the colon */
		if (name_is(key, n, name))
			return json_text_value(s);
		skip_value(&s);
		skip_space(&s);
		s.at += s.at < s.end; /* the comma, or the closing brace */
	}
	return (struct json_text){ s.end, s.end };
}

/* Moves past the bracket or comma before an element. */
static struct json_text
element_after(struct json_text s, char mark)
{
	skip_space(&s);
	if (s.at >= s.end || *s.at != mark)
		return (struct json_text){ s.end, s.end };
	s.at++;
	skip_space(&s);
	if (s.at < s.end && *s.at == ']')
		return (struct json_text){ s.end, s.end };
	return json_text_value(s);
}

struct json_text
json_text_first(struct json_text array)
{
	return element_after(array, '[');
}

struct json_text
json_text_next(struct json_text array, struct json_text element)
{
	return element_after((struct json_text){ element.end, array.end }, ',');
}

static bool
at_number(const struct json_text *s)
{
	return s->at < s->end && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'));
}

bool
json_text_number(struct json_text t, char *out, size_t room)
{
	size_t n = plain_length(&t);

	if (!at_number(&t) || n >= room)
		return false;
	memcpy(out, t.at, n);
	out[n] = '\0';
	return true;
}

/* Moves to the next number outside strings. */
static bool
find_number(struct json_text *s)
{
	while (s->at < s->end && !at_number(s)) {
		if (*s->at == '"')
			skip_string(s);
		else
			s->at++;
	}
	return s->at < s->end;
}

/* Appends if there is room; counts in any case. */
static size_t
append(char *out, size_t room, size_t n, const char *from, const char *to)
{
	size_t more = (size_t)(to - from);

	if (n + more <= room)
		memcpy(out + n, from, more);
	return n + more;
}

/* jansson keeps the order of members, so the numbers of its text and those that were sent come in
 * the same order. With a precision of one digit, no number is more than twice as long as sent. */
size_t
json_sent_write(const struct json_sent *sent, char *out, size_t room)
{
	char dump[2 * JSON_SENT_MAX];
	size_t n = json_dumpb(sent->value, dump, sizeof dump,
		JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(1));
	struct json_text d = { dump, dump + n }, s = sent->text;
	size_t written = 0;

	if (n == 0 || n > sizeof dump)
		return 0;
	for (;;) {
		const char *from = d.at;
		bool found = find_number(&d);

		written = append(out, room, written, from, d.at);
		if (!found)
			return written <= room ? written : 0;
		d.at += plain_length(&d);
		if (!find_number(&s))
			return 0;
		from = s.at;
		s.at += plain_length(&s);
		written = append(out, room, written, from, s.at);
	}
}
