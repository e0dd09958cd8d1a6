/* password_words.h - words that common passwords consist of, sorted by byte. */
#ifndef DOMAIN_IDENTITY_PASSWORD_WORDS_H
#define DOMAIN_IDENTITY_PASSWORD_WORDS_H

#include <stddef.h>

extern const char *const password_words[];
extern const size_t password_word_count;

#endif
