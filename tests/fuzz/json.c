/* json.c - fuzzes the reader of JSON: what it accepts has one meaning, and survives writing. */
#include <string.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

/* Members of all objects of the tree; *depth becomes its depth. */
static size_t
members_count(const json_t *v, int level, int *depth)
{
	json_t *tree = (json_t *)(uintptr_t)v, *item; /* jansson's iterators take no const */
	const char *name;
	size_t i, n = json_object_size(v);

	if (json_is_object(v) || json_is_array(v))
		level++;
	*depth = level > *depth ? level : *depth;
	json_array_foreach(tree, i, item)
		n += members_count(item, level, depth);
	json_object_foreach(tree, name, item)
		n += members_count(item, level, depth);
	return n;
}

/* Each member has one colon outside of strings, so a member that was lost, such as a duplicate,
 * is one too few in the tree. */
static size_t
colons_count(const char *text, size_t bytes)
{
	bool in_string = false;
	size_t colons = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string)
			colons += text[i] == ':';
	}
	return colons;
}

/* Both of our writers keep the value. */
static void
round_trip_check(const json_t *v)
{
	TEXT(t);
	json_t *again;

	text_add_value(&t, v);
	CHECK(text_end(&t) != NULL, "cannot be written");
	again = fuzz_json(t.data, t.bytes, "what was written");
	CHECK(json_equal((json_t *)(uintptr_t)v, again), "is not the same: %s", t.data);
	json_decref(again);
	if (!json_is_string(v))
		return;
	text_clear(&t);
	text_add_json(&t, json_string_value(v));
	CHECK(text_end(&t) != NULL, "cannot be written");
	again = fuzz_json(t.data, t.bytes, "a string");
	CHECK(json_equal((json_t *)(uintptr_t)v, again), "is not the same: %s", t.data);
	json_decref(again);
}

FUZZ_TARGET(json)
{
	size_t bytes;
	char *text = fuzz_rest(in, &bytes), reason[JSON_REASON];
	json_t *v;
	enum error e = json_read(text, bytes, &v, reason);
	int depth = 0;

	if (e != OK) {
		CHECK(v == NULL && reason[0] != '\0', "no reason");
		CHECK(e == ERR_MALFORMED_JSON || e == ERR_INVALID_REQUEST, "%s", error_code(e));
		return;
	}
	CHECK(memchr(text, '\0', bytes) == NULL, "a NUL is accepted");
	CHECK(members_count(v, 0, &depth) == colons_count(text, bytes), "a member is lost");
	CHECK(depth <= JSON_DEPTH_MAX, "%d levels", depth);
	round_trip_check(v);
	json_decref(v);
}
