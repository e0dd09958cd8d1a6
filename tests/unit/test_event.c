/* test_event.c - envelopes: accepted and refused bodies, numbers kept digit for digit, written
 * events. */
#include <stdio.h>

#include "common/base/event.h"
#include "tests/unit/unit.h"

static struct event event;
static char reason[EVENT_REASON];

static void
reads(const char *body, const char *type, const char *id, bool enveloped)
{
	assert_int_equal(event_read(body, strlen(body), &event, reason), OK);
	assert_int_equal(event.enveloped, enveloped);
	if (type == NULL)
		assert_null(event.type);
	else
		assert_string_equal(event.type, type);
	if (id == NULL)
		assert_null(event.id);
	else
		assert_string_equal(event.id, id);
	assert_true(json_is_object(event.data));
	event_free(&event);
}

static void
refuses(const char *body, size_t bytes, enum error e, const char *why)
{
	assert_int_equal(event_read(body, bytes, &event, reason), e);
	if (strstr(reason, why) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", reason, why);
	assert_null(event.root);
}

#define REFUSES(body, e, why) refuses(body, strlen(body), e, why)
#define CE "{\"specversion\":\"1.0\","
#define CE_WITH(member) CE "\"id\":\"i\",\"source\":\"/s\",\"type\":\"t\"," member "}"

static void
envelopes_of_each_kind_are_read(void **state)
{
	(void)state;
	reads("{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"/s\",\"type\":\"t\","
	      "\"pattern\":\"t\",\"data\":{}}",
		"t", "i", true);
	reads("{\"specversion\":\"1.1\",\"id\":\"i\",\"source\":\"/s\",\"type\":\"t\",\"data\":{},"
	      "\"more\":[1,{\"a\":null}]}",
		"t", "i", true);
	reads("{\"pattern\":\"t\",\"data\":{\"a\":1}}", "t", NULL, true);
	reads("{\"pattern\":{\"cmd\":\"t\"},\"data\":{}}", "t", NULL, true);
	/* Without specversion no one promises that an id is unique. */
	reads("{\"pattern\":\"t\",\"data\":{},\"id\":\"7\"}", "t", NULL, true);
	reads(" \r\n{\"userId\":\"u\",\"transaction\":{}}\t", NULL, NULL, false);
	reads("{}", NULL, NULL, false);
}

static void
other_bodies_are_refused_with_a_reason(void **state)
{
	(void)state;
	REFUSES("", ERR_MALFORMED_JSON, "empty");
	REFUSES("not json", ERR_MALFORMED_JSON, "line 1, column");
	REFUSES("{\"a\":1} x", ERR_MALFORMED_JSON, "column 9");
	REFUSES("{\"a\":1,\"a\":2}", ERR_MALFORMED_JSON, "duplicate");
	REFUSES("{\"a\":\"\\u0000\"}", ERR_INVALID_REQUEST, "U+0000");
	REFUSES("{\"a\":99999999999999999999}", ERR_INVALID_REQUEST, "too large");
	REFUSES("7", ERR_INVALID_REQUEST, "object");
	REFUSES("{\"a\":\"\xff\"}", ERR_MALFORMED_JSON, "decode");
	refuses("{\"a\":\"\0\"}", 9, ERR_MALFORMED_JSON, "byte");
	REFUSES("[1]", ERR_INVALID_REQUEST, "object");
	REFUSES("{\"specversion\":\"0.3\",\"type\":\"t\",\"data\":{}}", ERR_INVALID_REQUEST,
		"/specversion");
	REFUSES("{\"specversion\":1,\"type\":\"t\",\"data\":{}}", ERR_INVALID_REQUEST,
		"/specversion");
	REFUSES("{\"specversion\":\"1.0\",\"id\":\"\",\"type\":\"t\",\"data\":{}}",
		ERR_INVALID_REQUEST, "/id");
	REFUSES(CE_WITH("\"pattern\":\"u\",\"data\":{}"), ERR_INVALID_REQUEST, "differ");
	REFUSES(CE "\"id\":\"i\",\"source\":\"/s\",\"data\":{}}", ERR_INVALID_REQUEST, "/type");
	REFUSES("{\"pattern\":\"t\",\"data\":\"x\"}", ERR_INVALID_REQUEST, "/data");
	REFUSES(CE_WITH("\"subject\":\"s\""), ERR_INVALID_REQUEST, "/data");
}

static void
the_attributes_of_cloudevents_are_checked(void **state)
{
	static const char *const times[] = { "2026-11-23T09:15:20Z", "0001-01-01T00:00:00Z",
		"2026-11-23t09:15:20.123456789+13:00" };
	static const struct {
		const char *members, *why;
	} refused[] = {
		{ "\"source\":\"/s\",\"type\":\"t\"", "/id is required" },
		{ "\"id\":7,\"source\":\"/s\",\"type\":\"t\"", "/id must be a string" },
		{ "\"id\":null,\"source\":\"/s\",\"type\":\"t\"", "/id is required" },
		{ "\"id\":\"i\",\"type\":\"t\"", "/source is required" },
		{ "\"id\":\"i\",\"source\":\"\",\"type\":\"t\"", "/source must not be empty" },
		{ "\"id\":\"i\",\"source\":[],\"type\":\"t\"", "/source must be a string" },
		{ "\"id\":\"i\",\"source\":\"/s\",\"type\":1", "/type must be a string" },
		{ "\"id\":\"i\",\"source\":\"/s\",\"pattern\":\"t\"", "/type is required" },
	};
	char body[200];

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		snprintf(body, sizeof body, CE "%s,\"data\":{}}", refused[i].members);
		REFUSES(body, ERR_INVALID_REQUEST, refused[i].why);
	}
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		snprintf(body, sizeof body, CE_WITH("\"time\":\"%s\",\"data\":{}"), times[i]);
		reads(body, "t", "i", true);
	}
	REFUSES(CE_WITH("\"time\":\"yesterday\",\"data\":{}"), ERR_INVALID_REQUEST, "/time");
	REFUSES(CE_WITH("\"time\":\"2026-11-23\",\"data\":{}"), ERR_INVALID_REQUEST, "/time");
	REFUSES(CE_WITH("\"time\":\"2026-02-30T00:00:00Z\",\"data\":{}"), ERR_INVALID_REQUEST,
		"/time");
	REFUSES(CE_WITH("\"time\":1,\"data\":{}"), ERR_INVALID_REQUEST, "/time");
	REFUSES(CE_WITH("\"datacontenttype\":\"application/xml\",\"data\":{}"),
		ERR_INVALID_REQUEST, "/datacontenttype must be application/json");
	REFUSES(CE_WITH("\"data\":{},\"data_base64\":\"e30=\""), ERR_INVALID_REQUEST,
		"/data_base64");
	reads(CE_WITH("\"data\":{},\"data_base64\":null,\"time\":null,\"subject\":null"), "t",
		"i", true);
}

static void
media_types_of_json(void **state)
{
	static const char *const json[] = { "application/json", "Application/JSON ; charset=UTF-8",
		"application/cloudevents+json; charset=\"utf-8\"", "text/json",
		"application/vnd.till.v1+json", "application/json;charset=us-ascii" };
	static const char *const others[] = { "", "json", "application/xml", "application/jsonp",
		"application/cloudevents+avro", "application/json; charset=utf-16", "+json",
		"application/jso", "text/plain" };

	(void)state;
	for (size_t i = 0; i < sizeof json / sizeof json[0]; i++)
		assert_true(event_is_json(json[i]));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(event_is_json(others[i]));
}

/* jansson reads `5\0` as 5: what the parser lets through must not stop the scanner, so a NUL byte
 * is refused first. */
static void
nul_bytes_are_refused_wherever_they_stand(void **state)
{
	static const char *const templates[] = { "{\"pattern\":\"t\",\"data\":{\"amount\":5#}}",
		"{\"pattern\":\"t\",\"data\":{\"amount\":[5#]}}", "{\"data\":#5}", "{\"da#ta\":5}",
		"#{}", "{}#", "{#}", "{\"a\":true#}", "{\"a\":\"#\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
		char body[80];
		size_t n = strlen(templates[i]);

		memcpy(body, templates[i], n + 1);
		*strchr(body, '#') = '\0';
		refuses(body, n, ERR_MALFORMED_JSON, "is NUL");
	}
}

/* Whatever the bytes are, the scanner comes to their end. */
static void
the_scanner_always_ends(void **state)
{
	static const char *const path[] = { "data", "amount", NULL };
	static const char alphabet[] = "\0{}[]\",:\\ 5a";
	char bytes[24], digits[8];
	uint32_t seed = 1;
	size_t n;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		struct event e = {
			.text = bytes, .bytes = sizeof bytes, .enveloped = round % 2 == 0
		};

		memcpy(bytes, "{\"data\":{\"", 10);
		for (size_t i = round % 3 == 0 ? 0 : 10; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = alphabet[(seed >> 24) % (sizeof alphabet - 1)];
		}
		(void)!event_number(&e, path, digits, sizeof digits);
		(void)event_data_text(&e, &n);
		assert_true(n <= sizeof bytes);
	}
}

static void
depth_is_bounded_before_parsing(void **state)
{
	enum { DEEP = 100000 };
	char *body = malloc(2 * DEEP + 1);

	(void)state;
	memset(body, '[', DEEP);
	memset(body + DEEP, ']', DEEP);
	body[2 * DEEP] = '\0';
	REFUSES(body, ERR_MALFORMED_JSON, "nested more than");
	free(body);
	/* Brackets in a string are text. */
	reads("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[\"}", NULL, NULL,
		false);
}

/* A body cut anywhere is refused, and nothing reads past its end (no NUL follows, so sanitizers
 * notice). */
static void
truncated_bodies_are_refused(void **state)
{
	static const char whole[] =
		"{\"specversion\":\"1.0\",\"id\":\"i\\\"\\\\\",\"source\":\"/s\",\"type\":\"t\","
		"\"data\":{\"a\":[1.5,null]}}";

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *cut = malloc(n + 1);

		memcpy(cut, whole, n);
		cut = realloc(cut, n > 0 ? n : 1);
		assert_int_equal(event_read(cut, n, &event, reason), ERR_MALFORMED_JSON);
		free(cut);
	}
	reads(whole, "t", "i\"\\", true);
}

static void
number_is(const char *body, const char *expected)
{
	static const char *const path[] = { "data", "transaction", "amount", NULL };
	char digits[40];

	assert_int_equal(event_read(body, strlen(body), &event, reason), OK);
	if (expected == NULL) {
		assert_false(event_number(&event, path, digits, sizeof(digits)));
	} else {
		assert_true(event_number(&event, path, digits, sizeof(digits)));
		assert_string_equal(digits, expected);
	}
	event_free(&event);
}

static void
numbers_keep_their_digits(void **state)
{
	(void)state;
	number_is("{\"pattern\":\"t\",\"data\":{\"transaction\":{\"amount\":90071992547409.91}}}",
		"90071992547409.91");
	number_is(
		"{\"pattern\":\"t\",\"data\":{\"transaction\":{\"amount\":12.340000000000000001}}}",
		"12.340000000000000001");
	number_is("{ \"pattern\" : \"t\" ,\n\"data\"\t: { \"transaction\" : "
		  "{ \"x\":[{\"amount\":1}], \"amount\" : 0.1 } } }",
		"0.1");
	number_is("{\"amount\":1,\"a\":{\"data\":2},\"s\":\"}{\\\"\",\"pattern\":\"t\","
		  "\"data\":{\"amount\":3,\"transaction\":{\"id\":\"\\\\\",\"amount\":-4e2}}}",
		"-4e2");
	number_is("{\"pattern\":\"t\",\"data\":{\"transaction\":{\"amount\":\"1\"}}}", NULL);
	number_is("{\"pattern\":\"t\",\"data\":{\"transaction\":{\"amount\":null}}}", NULL);
	number_is("{\"pattern\":\"t\",\"data\":{\"transaction\":[{\"amount\":1}]}}", NULL);
	number_is("{\"pattern\":\"t\",\"data\":{\"other\":{\"amount\":1}}}", NULL);
	number_is("{\"pattern\":\"t\",\"data\":{\"transaction\":"
		  "{\"amount\":1.1111111111111111111111111111111111111111}}}",
		NULL);
}

static void
data_text_is_passed_on_as_sent(void **state)
{
	static const char body[] = "{\"data\": {\"a\" : 0.07,\"b\":\"}\"} ,\"pattern\":\"t\"}",
			  bare[] = " {\"a\":1.50} ";
	size_t n;

	(void)state;
	assert_int_equal(event_read(body, strlen(body), &event, reason), OK);
	assert_memory_equal(event_data_text(&event, &n), "{\"a\" : 0.07,\"b\":\"}\"}", 20);
	assert_int_equal(n, 20);
	event_free(&event);
	assert_int_equal(event_read(bare, strlen(bare), &event, reason), OK);
	assert_memory_equal(event_data_text(&event, &n), "{\"a\":1.50}", 10);
	assert_int_equal(n, 10);
	event_free(&event);
}

static void
written_events_can_be_read(void **state)
{
	struct event_head head = { .id = "an \"id\"\n\\ \xc3\xa9",
		.source = "/s",
		.type = "t",
		.subject = "x",
		.time = 1 };
	size_t n;
	char *body = event_write(&head, json_pack("{s:i}", "a", 7), &n);

	(void)state;
	assert_non_null(body);
	assert_int_equal(n, strlen(body));
	assert_non_null(strstr(body, "\"time\":\"1970-01-01T00:00:00.000001Z\""));
	assert_int_equal(event_read(body, n, &event, reason), OK);
	assert_string_equal(event.id, head.id);
	assert_string_equal(event.type, "t");
	assert_string_equal(event.subject, "x");
	assert_string_equal(json_string_value(json_object_get(event.root, "pattern")), "t");
	assert_string_equal(json_string_value(json_object_get(event.root, "specversion")), "1.0");
	assert_int_equal(json_integer_value(json_object_get(event.data, "a")), 7);
	event_free(&event);
	free(body);
	assert_null(event_write(&head, NULL, &n));
}

static void
large_data_are_written_whole(void **state)
{
	struct event_head head = { .id = "i", .source = "/s", .type = "t" };
	enum { LARGE = 100000 };
	char *text = malloc(LARGE + 1), *body;
	size_t n;

	(void)state;
	memset(text, 'x', LARGE);
	text[LARGE] = '\0';
	body = event_write(&head, json_pack("{s:s}", "a", text), &n);
	assert_non_null(body);
	assert_int_equal(event_read(body, n, &event, reason), OK);
	assert_null(event.subject);
	assert_string_equal(json_string_value(json_object_get(event.data, "a")), text);
	event_free(&event);
	free(body);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelopes_of_each_kind_are_read),
		cmocka_unit_test(other_bodies_are_refused_with_a_reason),
		cmocka_unit_test(the_attributes_of_cloudevents_are_checked),
		cmocka_unit_test(media_types_of_json),
		cmocka_unit_test(nul_bytes_are_refused_wherever_they_stand),
		cmocka_unit_test(the_scanner_always_ends),
		cmocka_unit_test(depth_is_bounded_before_parsing),
		cmocka_unit_test(truncated_bodies_are_refused),
		cmocka_unit_test(numbers_keep_their_digits),
		cmocka_unit_test(data_text_is_passed_on_as_sent),
		cmocka_unit_test(written_events_can_be_read),
		cmocka_unit_test(large_data_are_written_whole),
	};

	return RUN(tests);
}
