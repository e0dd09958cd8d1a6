/* visible.h - which characters of a text people can see, by Unicode's tables (utf8proc). */
#ifndef COMMON_BASE_VISIBLE_H
#define COMMON_BASE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

/* The first visible character of a UTF-8 text, after blanks, line ends and invisible characters; or
 * its end. */
const char *text_visible(const char *s);

/* Whether a UTF-8 text has control characters: C0 except TAB and newline, DEL, C1, and the line and
 * paragraph separators (U+2028, U+2029). */
bool text_has_controls(const char *s);

/* Whether a UTF-8 text has characters that make it look like another one, or that no text has: the
 * overrides of its direction (U+202D, U+202E) and noncharacters (U+FDD0 to U+FDEF, and the last two
 * of each plane). Marks, embeddings and isolates of direction are part of ordinary Arabic and
 * Hebrew. */
bool text_deceives(const char *s);

/* Copies a text for a terminal: one line, in which a character that is neither visible nor a space,
 * or is not UTF-8, is an escape (\u001B, \x9B). Cut to fit, between characters. */
void text_print(const char *s, char *out, size_t room);

#endif
