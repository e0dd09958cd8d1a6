/* password_text.c - RFC 8265 for passwords, with the Unicode tables of utf8proc; see
 * password_text.h. */
#include "domain/identity/password_text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static utf8proc_int32_t
space_map(utf8proc_int32_t c, void *unused)
{
	(void)unused;
	return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ? ' ' : c;
}

const char *
password_prepare(struct arena *arena, const char *password)
{
	utf8proc_uint8_t *mapped = NULL;
	const char *prepared = password;

	if (is_ascii(password))
		return password;
	if (utf8proc_map_custom((const utf8proc_uint8_t *)password, 0, &mapped,
		    UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE, space_map, NULL) < 0)
		return NULL;
	if (strcmp(password, (const char *)mapped) != 0)
		prepared = arena_strdup(arena, (const char *)mapped);
	free(mapped);
	return prepared;
}

bool
password_same(struct arena *arena, const char *password, const char *prepared)
{
	const char *other = password_prepare(arena, password);

	return other != NULL && strcmp(other, prepared) == 0;
}

/* Jamo that do not compose to a syllable: no one writes them today. */
static bool
is_old_hangul(utf8proc_int32_t c)
{
	return (c >= 0x1100 && c <= 0x11ff) || (c >= 0xa960 && c <= 0xa97f) ||
	       (c >= 0xd7b0 && c <= 0xd7ff);
}

/* Invisible characters cannot be compared by eye, and not every keyboard writes them. */
static bool
is_invisible(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
	       utf8proc_get_property(c)->ignorable;
}

static bool
is_unassigned(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO ||
	       category == UTF8PROC_CATEGORY_CS || is_old_hangul(c);
}

const char *
password_text_fault(const char *password)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)password;
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	for (; *p != '\0'; p += n) {
		if ((n = utf8proc_iterate(p, -1, &c)) <= 0)
			return "must be valid text";
		if (is_invisible(c))
			return "must not contain control or invisible characters";
		if (is_unassigned(c))
			return "must not contain characters that Unicode does not define";
	}
	return NULL;
}
