/* accept.c - content negotiation; see accept.h. */
#include "common/http/accept.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WEIGHT_MAX 1000

/* How exactly a media range names a type. */
enum match { MATCH_NONE, MATCH_ANY, MATCH_TYPE, MATCH_EXACT, MATCHES };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length up to one of these characters outside quotes, or to the end. */
static size_t
part_length(const char *text, const char *ends)
{
	bool quoted = false;
	size_t n = 0;

	for (; text[n] != '\0' && (quoted || strchr(ends, text[n]) == NULL); n++) {
		if (text[n] == '"')
			quoted = !quoted;
		else if (quoted && text[n] == '\\' && text[n + 1] != '\0')
			n++;
	}
	return n;
}

/* In thousandths. An invalid weight is none at all. */
static int
weight_parse(const char *text)
{
	int weight = 0;

	if (!is_digit(*text))
		return 0;
	if (*text != '0')
		return WEIGHT_MAX;
	if (text[1] != '.')
		return 0;
	text += 2;
	for (int unit = WEIGHT_MAX / 10; unit > 0 && is_digit(*text); unit /= 10)
		weight += unit * (*text++ - '0');
	return weight;
}

/* Reads the parameters up to the next range. */
static int
weight_find(const char *parameters)
{
	while (*parameters == ';') {
		parameters++;
		parameters += strspn(parameters, " \t");
		if (strncasecmp(parameters, "q=", 2) == 0)
			return weight_parse(parameters + 2);
		parameters += part_length(parameters, ";,");
	}
	return WEIGHT_MAX;
}

static enum match
range_match(const char *range, size_t n, const char *media_type)
{
	size_t whole = strcspn(media_type, "; "), type = strcspn(media_type, "/") + 1;

	while (n > 0 && strchr(" \t", range[n - 1]) != NULL)
		n--;
	if (n == whole && strncasecmp(range, media_type, n) == 0)
		return MATCH_EXACT;
	if (n == type + 1 && strncasecmp(range, media_type, type) == 0 && range[type] == '*')
		return MATCH_TYPE;
	return n == 3 && strncmp(range, "*/*", n) == 0 ? MATCH_ANY : MATCH_NONE;
}

int
accept_preference(const char *accept, const char *media_type)
{
	enum match best = MATCH_NONE;
	int weight = 0;

	for (const char *p = accept != NULL ? accept : "*/*"; *p != '\0';) {
		size_t n = part_length(p += strspn(p, " \t,"), ";,");
		enum match match = range_match(p, n, media_type);
		int its_weight = weight_find(p + n);

		/* The most exact range decides, whatever its weight. */
		if (match > best || (match == best && its_weight > weight)) {
			best = match;
			weight = match != MATCH_NONE ? its_weight : 0;
		}
		p += part_length(p, ",");
	}
	return weight > 0 ? weight * MATCHES + (int)best : 0;
}
