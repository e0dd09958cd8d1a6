/* visible.c - visible and control characters; see visible.h. ASCII, nearly all of what we see,
 * needs no table. */
#include "common/base/visible.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* Looks empty, but Unicode counts it as a symbol. */
#define BRAILLE_BLANK 0x2800

static bool
is_visible(utf8proc_int32_t c)
{
	switch ((int)utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	}
	return !utf8proc_get_property(c)->ignorable && c != BRAILLE_BLANK;
}

static bool
is_control(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
	       category == UTF8PROC_CATEGORY_ZP;
}

static bool
is_ascii(char c)
{
	return ((unsigned char)c & 0x80) == 0;
}

/* The length of the character at `s`; 1 if it is not UTF-8, so that a loop always advances. */
static size_t
character_read(const char *s, utf8proc_int32_t *c)
{
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, c);

	if (n > 0)
		return (size_t)n;
	*c = (unsigned char)*s;
	return 1;
}

const char *
text_visible(const char *s)
{
	while (*s != '\0') {
		utf8proc_int32_t c;
		size_t n;

		if (*s > ' ' && *s < 0x7f)
			break;
		n = character_read(s, &c);
		if (is_visible(c))
			break;
		s += n;
	}
	return s;
}

bool
text_has_controls(const char *s)
{
	while (*s != '\0') {
		utf8proc_int32_t c;

		if (is_ascii(*s)) {
			if ((*s < ' ' && *s != '\t' && *s != '\n') || *s == 0x7f)
				return true;
			s++;
			continue;
		}
		s += character_read(s, &c);
		if (is_control(c))
			return true;
	}
	return false;
}

static bool
is_deceptive(utf8proc_int32_t c)
{
	return c == 0x202d || c == 0x202e || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

bool
text_deceives(const char *s)
{
	while (*s != '\0') {
		utf8proc_int32_t c;

		if (is_ascii(*s)) {
			s++;
			continue;
		}
		s += character_read(s, &c);
		if (is_deceptive(c))
			return true;
	}
	return false;
}

/* A character as itself or as an escape; returns the length of the character. */
static size_t
character_print(const char *s, char piece[16])
{
	utf8proc_int32_t c;
	size_t n = character_read(s, &c);

	if (n == 1 && !is_ascii(*s))
		(void)snprintf(piece, 16, "\\x%02X", (unsigned)c);
	else if (c != ' ' && !is_visible(c))
		(void)snprintf(piece, 16, "\\u%04X", (unsigned)c);
	else
		(void)snprintf(piece, 16, "%.*s", (int)n, s);
	return n;
}

void
text_print(const char *s, char *out, size_t room)
{
	char piece[16];
	size_t used = 0;

	while (*s != '\0') {
		size_t length;

		s += character_print(s, piece);
		if ((length = strlen(piece)) >= room - used)
			break;
		memcpy(out + used, piece, length);
		used += length;
	}
	out[used] = '\0';
}
