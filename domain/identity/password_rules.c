/* password_rules.c - refuses passwords that are too short, common, or easily guessed.
 *
 * Crackers try word lists and keyboard rows, with digits, capitals and leetspeak added. So we
 * reduce a password to its core and check that. The core is in lower case, without leetspeak
 * ("p@ssw0rd" becomes "password"), and without digits, punctuation and one letter at either end. */
#include "domain/identity/password_rules.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "domain/identity/password_text.h"
#include "domain/identity/password_words.h"

#define CORE_MAX 63 /* a longer core is only refused if it repeats something */
#define CORE_MIN 6  /* a shorter core is only refused if it is a word without letters around it */
#define RUN_MIN 4
#define TRIMMED_MAX 6 /* "monkey" with more than six digits and signs around it is accepted */

/* Part of a password in lower case: unchanged, and with leetspeak undone. */
struct text {
	const char *plain, *word;
	size_t n;
};

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static struct text
piece(struct text t, size_t at, size_t n)
{
	return (struct text){ .plain = t.plain + at, .word = t.word + at, .n = n };
}

static char
letter_of(char c)
{
	static const char from[] = "@4830!1$57", to[] = "aabeoiisst";
	const char *p = c != '\0' ? strchr(from, c) : NULL;

	return p != NULL ? to[p - from] : c;
}

/* Counts characters, not bytes: of a multi-byte character only the first byte counts. */
static size_t
letters(const char *s, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += isalpha((unsigned char)s[i]) || (unsigned char)s[i] >= 0xc0;
	return found;
}

/* ---- words ---- */

static int
word_compare(const void *key, const void *element)
{
	const struct text *t = key;
	const char *listed = *(const char *const *)element;
	int order = strncmp(t->plain, listed, t->n);

	return order != 0 || listed[t->n] == '\0' ? order : -1;
}

static bool
listed_as(const char *s, size_t n)
{
	const struct text key = { .plain = s, .n = n };

	return bsearch(&key, password_words, password_word_count, sizeof password_words[0],
		       word_compare) != NULL;
}

static bool
listed(struct text t)
{
	return listed_as(t.plain, t.n) || listed_as(t.word, t.n);
}

/* ---- runs ---- */

/* Sequences that are easy to type: keyboard rows, keyboard columns in every order, counting. */
static const char *const rows[] = { "01234567890123456789", "abcdefghijklmnopqrstuvwxyz",
	"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
	"!@#$%^&*()", "qazwsxedcrfvtgbyhnujmikolp", "qazxswedcvfrtgbnhyujm",
	"zaqxswcdevfrbgtnhymju", "aqwzsxedcrfvtgbyhnuj", "qaywsxedcrfvtgbzhnujm",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "!qaz@wsx#edc$rfv%tgb^yhn&ujm",
	"1qazxsw23edcvfr45tgbnhy67ujm", "zaq12wsxcde34rfvbgt56yhnmju7",
	"zaq1xsw2cde3vfr4bgt5nhy6mju7", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
	"1a2b3c4d5e6f7g8h9i", "a1b2c3d4e5f6g7h8i9", "11223344556677889900", "aabbccddeeffgghhiijj",
	"1357924680135792468", "1357902468", "0246813579", "3141592653589793", "2718281828459045",
	"1123581321345589144", "1248163264128256512" };

static bool
row_holds(const char *row, const char *s, size_t n)
{
	for (size_t i = 0; strlen(row + i) >= n; i++) {
		size_t forward = 0, backward = 0;

		while (forward < n && s[forward] == row[i + forward])
			forward++;
		while (backward < n && s[backward] == row[i + n - 1 - backward])
			backward++;
		if (forward == n || backward == n)
			return true;
	}
	return false;
}

static bool
runs(struct text t)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (row_holds(rows[i], t.plain, t.n))
			return true;
	return false;
}

/* Marks the ends of the runs that start at `at`. Stops at the first length that is not a run, since
 * every prefix of a run is one. */
static void
runs_mark(struct text t, size_t at, bool ends[CORE_MAX + 1])
{
	for (size_t n = RUN_MIN; at + n <= t.n && runs(piece(t, at, n)); n++)
		ends[at + n] = true;
}

static void
words_mark(struct text t, size_t at, bool ends[CORE_MAX + 1])
{
	for (size_t n = RUN_MIN; at + n <= t.n; n++)
		if (listed(piece(t, at, n)))
			ends[at + n] = true;
}

/* "qwertyuiop", "1234567qwerty", "monkey1234567890": consecutive runs with at most one word among
 * them. Several words make a passphrase. */
static bool
chained(struct text t)
{
	bool no_word[CORE_MAX + 1] = { true }, one_word[CORE_MAX + 1] = { false };

	if (t.n > CORE_MAX)
		return false;
	for (size_t at = 0; at < t.n; at++) {
		if (no_word[at]) {
			runs_mark(t, at, no_word);
			words_mark(t, at, one_word);
		}
		if (one_word[at])
			runs_mark(t, at, one_word);
	}
	return no_word[t.n] || one_word[t.n];
}

/* ---- common passwords ---- */

static bool common_within(struct text t);

/* "abcabcabcabc", "1111111111", "passwordpassword": repetitions. */
static bool
repeats(struct text t)
{
	for (size_t period = 1; period <= t.n / 2; period++) {
		if (memcmp(t.plain, t.plain + period, t.n - period) != 0)
			continue;
		if (period <= 4)
			return true;
		if (t.n % period == 0)
			return common_within(piece(t, 0, period));
	}
	return false;
}

/* Tries every way to trim a few bytes from the ends, since a digit there can be a letter in
 * leetspeak: "hell0123". */
static bool
common_within(struct text t)
{
	for (size_t start = 0; start <= TRIMMED_MAX && start < t.n; start++) {
		size_t first = letters(t.plain, start), last;

		for (size_t end = 0; first <= 1 && start + end <= TRIMMED_MAX && start + end < t.n;
			end++) {
			struct text core = piece(t, start, t.n - start - end);

			if ((last = letters(core.plain + core.n, end)) > 1)
				break;
			if (core.n >= CORE_MIN ? chained(core) || repeats(core)
						 : first + last == 0 && listed(core))
				return true;
		}
	}
	return false;
}

static bool
common(const char *password)
{
	char plain[PASSWORD_BYTES], word[PASSWORD_BYTES];
	size_t n = 0;

	for (; n < PASSWORD_BYTES && password[n] != '\0'; n++) {
		plain[n] = (char)tolower((unsigned char)password[n]);
		word[n] = letter_of(plain[n]);
	}
	return common_within((struct text){ .plain = plain, .word = word, .n = n });
}

/* The address or its local part, in any case, with or without digits after it. */
static bool
is_address(const char *password, const char *email)
{
	size_t local = strcspn(email, "@"), n = strlen(password);

	if (strcasecmp(password, email) == 0)
		return true;
	if (local < 4 || n < local || strncasecmp(password, email, local) != 0)
		return false;
	return n - local <= TRIMMED_MAX &&
	       strspn(password + local, "0123456789!.?_-") == n - local;
}

const char *
password_fault(const char *password, const char *email)
{
	const char *fault;

	if (characters(password) > PASSWORD_MAX)
		return "must be at most 1024 characters long";
	if (characters(password) < PASSWORD_MIN)
		return "must have at least 10 characters";
	if ((fault = password_text_fault(password)) != NULL)
		return fault;
	if (is_address(password, email))
		return "must not be the e-mail address";
	if (common(password))
		return "must not be a common password";
	return NULL;
}
