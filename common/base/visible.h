/* visible.h - which characters of a text people can see, by Unicode's tables (utf8proc). */
#ifndef COMMON_BASE_VISIBLE_H
#define COMMON_BASE_VISIBLE_H

#include <stdbool.h>

/* The first visible character of a UTF-8 text, after blanks, line ends and invisible characters; or
 * its end. */
const char *text_visible(const char *s);

/* Whether a UTF-8 text has control characters: C0 except TAB and newline, DEL, C1, and the line and
 * paragraph separators (U+2028, U+2029). */
bool text_has_controls(const char *s);

#endif
