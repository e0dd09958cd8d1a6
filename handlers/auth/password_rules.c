/* password_rules.c - which passwords are refused: too short, common, or made of what everybody tries first.
 *
 * Guessing programs try word lists, and each word with digits, capitals and leetspeak around it. So a password is
 * brought back to the word it was made from (small letters, "p@ssw0rd" to "password", digits and signs at the ends
 * taken off) and that word is looked for; what is left over must be long enough to count for itself. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/auth/password_words.h"
#include "handlers/auth/passwords.h"

#define WORD_ROOM 64   /* longer passwords are no common ones */
#define TRIMMED_MOST 6 /* "monkey" with more than six digits and signs around it is let through */

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int
word_compare(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

static bool
listed(const char *word)
{
	return bsearch(word, password_words, password_word_count, sizeof password_words[0], word_compare) != NULL;
}

static char
letter_of(char c)
{
	static const char from[] = "@4830!1$57", to[] = "aabeoiisst";
	const char *p = c != '\0' ? strchr(from, c) : NULL;

	return p != NULL ? to[p - from] : c;
}

/* Small letters in `plain`, leetspeak undone in `word`. */
static void
word_fold(const char *password, char plain[WORD_ROOM], char word[WORD_ROOM])
{
	size_t i = 0;

	for (; password[i] != '\0'; i++) {
		plain[i] = (char)tolower((unsigned char)password[i]);
		word[i] = letter_of(plain[i]);
	}
	plain[i] = word[i] = '\0';
}

static bool
is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Is `word` a listed one with some digits and signs around it? Every way to take them off is tried, as the last of
 * them may stand for letters: "hell0123". */
static bool
listed_within(const char *plain, const char *word)
{
	size_t n = strlen(plain);

	for (size_t start = 0; start <= TRIMMED_MOST && start < n; start++) {
		for (size_t end = 0; start + end <= TRIMMED_MOST && start + end < n; end++) {
			char core[WORD_ROOM];

			memcpy(core, word + start, n - start - end);
			core[n - start - end] = '\0';
			if (listed(core))
				return true;
			if (is_letter(plain[n - 1 - end]))
				break;
		}
		if (is_letter(plain[start]))
			break;
	}
	return false;
}

/* A run along one of the rows that fingers and children know, forward or backward, from start to end. */
static bool
runs(const char *s)
{
	static const char *const rows[] = { "01234567890123456789", "abcdefghijklmnopqrstuvwxyz",
		"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "!@#$%^&*()", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0" };
	char reversed[WORD_ROOM];
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		reversed[i] = s[n - 1 - i];
	reversed[n] = '\0';
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strstr(rows[i], s) != NULL || strstr(rows[i], reversed) != NULL)
			return true;
	return false;
}

/* "abcabcabcabc", "1111111111", "passwordpassword": a piece repeated. */
static bool
repeats(const char *s, const char *word)
{
	size_t n = strlen(s);

	for (size_t period = 1; period <= n / 2; period++) {
		if (strncmp(s, s + period, n - period) != 0)
			continue;
		if (period <= 4)
			return true;
		if (n % period == 0 && period < WORD_ROOM) {
			char plain[WORD_ROOM] = "", piece[WORD_ROOM] = "";

			snprintf(plain, sizeof plain, "%.*s", (int)period, s);
			snprintf(piece, sizeof piece, "%.*s", (int)period, word);
			return listed_within(plain, piece) || runs(plain);
		}
	}
	return false;
}

static bool
common(const char *password)
{
	char plain[WORD_ROOM] = "", word[WORD_ROOM] = "";

	if (strlen(password) >= WORD_ROOM)
		return repeats(password, password);
	word_fold(password, plain, word);
	return listed_within(plain, plain) || listed_within(plain, word) || repeats(plain, word) || runs(plain);
}

/* The address, or what stands before its @, whatever the case and the digits behind it. */
static bool
is_address(const char *password, const char *email)
{
	size_t local = strcspn(email, "@"), n = strlen(password);

	if (strcasecmp(password, email) == 0)
		return true;
	if (local < 4 || n < local || strncasecmp(password, email, local) != 0)
		return false;
	return n - local <= TRIMMED_MOST && strspn(password + local, "0123456789!.?_-") == n - local;
}

const char *
password_fault(const char *password, const char *email)
{
	if (strlen(password) > PASSWORD_MOST)
		return "must be at most 1024 bytes long";
	if (characters(password) < PASSWORD_LEAST)
		return "must have at least 10 characters";
	if (is_address(password, email))
		return "must not be the e-mail address";
	if (common(password))
		return "must not be a common password";
	return NULL;
}
