/* json.c - reads JSON; see json.h. */
#include "common/base/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"

/* Counts brackets outside strings. The count can be wrong for invalid JSON, which the parser
 * refuses anyway. */
static bool
too_deep(const char *text, size_t bytes)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

#define NUMBER_LARGE                                                                               \
	"the number is too large: integers have 64 bits, other numbers are at most 1.8e308"

/* jansson's reason, in words that do not mention its flags. */
static enum error
parse_error(const json_error_t *why, char reason[JSON_REASON])
{
	enum json_error_code code = json_error_code(why);
	const char *text = why->text;
	enum error e = ERR_MALFORMED_JSON;

	/* jansson reports some failed allocations as syntax errors. */
	if (code == json_error_out_of_memory || arena_json_refused()) {
		(void)snprintf(reason, JSON_REASON, "it needs more memory than a request can use");
		return ERR_TOO_LARGE;
	}
	if (code == json_error_numeric_overflow || code == json_error_null_character ||
		code == json_error_null_byte_in_key) {
		text = code == json_error_numeric_overflow ? NUMBER_LARGE
							   : "U+0000 is not accepted";
		e = ERR_INVALID_REQUEST;
	}
	(void)snprintf(reason, JSON_REASON, "line %d, column %d: %s", why->line, why->column, text);
	return e;
}

/* Both checks come before the parser: jansson accepts a NUL byte after a number, whatever its
 * flags, and recurses once per level. */
enum error
json_read(const char *text, size_t bytes, json_t **value, char reason[JSON_REASON])
{
	const char *nul = memchr(text, '\0', bytes);
	json_error_t why;

	*value = NULL;
	reason[0] = '\0';
	if (nul != NULL) {
		(void)snprintf(reason, JSON_REASON, "byte %zu is NUL",
			(size_t)(nul - text) + 1);
		return ERR_MALFORMED_JSON;
	}
	if (too_deep(text, bytes)) {
		(void)snprintf(reason, JSON_REASON, "nested more than %d levels deep",
			JSON_DEPTH_MAX);
		return ERR_MALFORMED_JSON;
	}
	(void)arena_json_refused(); /* forget what an earlier call was refused */
	*value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	return *value != NULL ? OK : parse_error(&why, reason);
}

json_t *
json_read_stored(const char *text, size_t bytes)
{
	char reason[JSON_REASON];
	json_t *value;
	enum error e = json_read(text, bytes, &value, reason);

	if (e != OK && e != ERR_TOO_LARGE)
		log_error("stored JSON is invalid: %s", reason);
	return value;
}
