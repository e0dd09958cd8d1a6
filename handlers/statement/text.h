/* text.h - text that grows: where pages and files are written before they go out.
 *
 * Begin with zeroes (and `most`, where there is a limit). What does not fit sets `failed` once and for all, so one
 * check at the end is enough. One thread's. */
#ifndef STATEMENT_TEXT_H
#define STATEMENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;   /* not ended by NUL, but for text_end() */
	size_t bytes, room;
	size_t most;  /* 0: none */
	bool failed;  /* no memory, or past `most` */
};

void text_add(struct text *t, const char *data, size_t bytes);
void text_add_string(struct text *t, const char *s);
void text_add_number(struct text *t, int64_t n);
/* A NUL behind it (not counted); NULL where it failed. */
const char *text_end(struct text *t);
/* Empties it; keeps the memory. */
void text_clear(struct text *t);
void text_free(struct text *t);

#define TEXT(name) __attribute__((cleanup(text_free))) struct text name = { 0 }

#endif
