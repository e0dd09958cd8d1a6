/* request_query.c - reads a request's query into a handler's fields and collects every fault. */
#include <stdio.h>
#include <string.h>

#include "common/http/request_private.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes in place, '+' too. Reports an escaped NUL, which would cut the text for us, but
 * not for what compared it before. False on invalid escapes. */
static bool
url_decode(char *s, bool *nul)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s == '%') {
			int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);

			if (low < 0)
				return false;
			*nul = *nul || (high | low) == 0;
			*out++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*out++ = *s == '+' ? ' ' : *s;
		}
	}
	*out = '\0';
	return true;
}

/* Adds a fault for a parameter; field names are short. */
#define PARAMETER_FAULT(r, name, ...) \
	request_fault(r, pointer_of(name, (char[POINTER_MAX]){ 0 }), __VA_ARGS__)
#define POINTER_MAX 64

static const char *
pointer_of(const char *name, char pointer[POINTER_MAX])
{
	(void)snprintf(pointer, POINTER_MAX, "/%s", name);
	return pointer;
}

/* Cuts after at most `bytes`, never inside a character. */
static const char *
text_cut(char *text, size_t bytes)
{
	if (strlen(text) > bytes) {
		while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
			bytes--;
		text[bytes] = '\0';
	}
	return text;
}

/* The database accepts only valid UTF-8, so check names and values first. */
static bool
utf8_is_valid(const char *text)
{
	json_t *string = json_string(text);
	bool valid = string != NULL;

	json_decref(string);
	return valid;
}

/* Decodes the value of a parameter, or its name if `name` is NULL, in place, in the caller's copy,
 * since values live as long as the request. */
static enum error
text_decode(struct request *r, char *text, const char *name)
{
	char pointer[POINTER_MAX] = "";
	const char *prefix = name != NULL ? "" : "the name of a parameter ";
	bool nul = false;

	if (name != NULL)
		(void)pointer_of(name, pointer);
	if (!url_decode(text, &nul))
		return request_refuse(r, ERR_MALFORMED_REQUEST,
			"The query contains an invalid %% escape in %s.",
			name != NULL ? name : "the name of a parameter");
	if (nul)
		return request_fault(r, pointer, "%smust not contain NUL (%%00)", prefix);
	if (!utf8_is_valid(text))
		return request_fault(r, pointer, "%smust be valid UTF-8", prefix);
	return OK;
}

static bool
pair_is_known(const struct pairs *p, const char *key, size_t bytes)
{
	for (size_t i = 0; i < p->count; i++)
		if (strlen(p->keys[i]) == bytes && memcmp(p->keys[i], key, bytes) == 0)
			return true;
	return false;
}

/* Reads name[key]=value for a FIELD_PAIRS of that name. False: it is not one. */
static bool
pair_bind(struct request *r, const char *name, char *value, const struct field *field,
	enum error *e)
{
	struct pairs *p = field->pairs;
	size_t n = strlen(field->name), length = strlen(name);
	char *key;

	if (field->type != FIELD_PAIRS || strncmp(name, field->name, n) != 0 || name[n] != '[' ||
		name[length - 1] != ']')
		return false;
	if (pair_is_known(p, name + n + 1, length - n - 2)) {
		*e = PARAMETER_FAULT(r, field->name, "is given twice for one member");
		return true;
	}
	if (p->count == PAIRS_MAX) {
		*e = PARAMETER_FAULT(r, field->name, "can be given at most %d times", PAIRS_MAX);
		return true;
	}
	if ((*e = text_decode(r, value, field->name)) != OK)
		return true;
	if ((key = arena_strndup(r->arena, name + n + 1, length - n - 2)) == NULL) {
		*e = ERR_TOO_LARGE;
		return true;
	}
	p->keys[p->count] = key;
	p->values[p->count++] = value;
	return true;
}

static enum error
parameter_bind(struct request *r, char *name, const struct field *fields, size_t count, bool *seen)
{
	char *value = strchr(name, '=');
	enum error e;

	if (value != NULL)
		*value++ = '\0';
	else
		value = name + strlen(name);
	if ((e = text_decode(r, name, NULL)) != OK)
		return e;
	for (size_t i = 0; i < count; i++) {
		if (pair_bind(r, name, value, &fields[i], &e))
			return e;
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (seen[i])
			return PARAMETER_FAULT(r, name, "is given twice");
		seen[i] = true;
		e = text_decode(r, value, name);
		return e != OK ? e : bind_text(value, &fields[i], &r->faults);
	}
	return request_fault(r, "", "%s is not a known parameter", text_cut(name, 40));
}

#define PARAMETERS_MAX 32

enum error
request_bind_query(struct request *r, const struct field *fields, size_t count)
{
	char *copy = arena_strdup(r->arena, r->query), *rest = copy;
	bool seen[PARAMETERS_MAX] = { false };
	enum error e = OK;

	if (copy == NULL || count > PARAMETERS_MAX)
		return ERR_TOO_LARGE;
	while (rest != NULL) {
		char *pair = strsep(&rest, "&");
		enum error one = *pair == '\0' ? OK : parameter_bind(r, pair, fields, count, seen);

		/* A query that cannot be decoded outranks faults, and stays a 400. */
		if (one != OK && e != ERR_MALFORMED_REQUEST)
			e = one;
	}
	for (size_t i = 0; i < count; i++) {
		if (fields[i].present != NULL)
			*fields[i].present = seen[i];
		if (fields[i].required && !seen[i])
			e = PARAMETER_FAULT(r, fields[i].name, "is missing");
	}
	return e;
}
