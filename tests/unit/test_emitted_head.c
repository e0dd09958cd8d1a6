/* test_emitted_head.c - what a message with transaction_emitted says outside of its data: labels
 * and attributes that we do not read, ids that are no keys, users that are none. */
#include "common/base/arena.h"
#include "domain/ledger/emitted.h"
#include "tests/unit/unit.h"

static struct arena *arena;
static char reason[EVENT_REASON];

#define OWN "\"user_id\":\"019aaf01-0f3c-7a53-9a3b-4f0d2c6b8e11\",\"kind\":\"deposit\",\"amount\":5"

static enum error
take(const char *body, struct emitted_head head)
{
	struct emitted m;
	enum error e = emitted_read(body, strlen(body), &head, arena, &m, reason);

	if (e == OK)
		emitted_free(&m);
	return e;
}

static void
refuses(const char *body, struct emitted_head head, const char *why)
{
	assert_int_equal(take(body, head), ERR_INVALID_REQUEST);
	if (strstr(reason, why) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", reason, why);
}

static void
labels_that_we_do_not_read_are_refused(void **state)
{
	static const char *const types[] = { "", "application/json", "text/plain; charset=utf-8",
		"application/octet-stream", "application/cloudevents+json" };
	static const char *const encodings[] = { "", "utf-8", "UTF-8", "identity" };
	struct emitted_head head = { .message_id = "k" };

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		head.content_type = types[i];
		assert_int_equal(take("{" OWN "}", head), OK);
	}
	for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
		head.content_encoding = encodings[i];
		assert_int_equal(take("{" OWN "}", head), OK);
	}
	head.content_encoding = "gzip";
	refuses("{" OWN "}", head, "content_encoding gzip");
	head = (struct emitted_head){ .content_type = "application/cloudevents+avro" };
	refuses("{" OWN "}", head, "content_type application/cloudevents+avro");
}

static void
attributes_in_headers_are_checked(void **state)
{
	(void)state;
	refuses("{" OWN "}", (struct emitted_head){ .message_id = "k", .time = "yesterday" },
		"time");
	refuses("{" OWN "}", (struct emitted_head){ .message_id = "k", .fault = "odd" }, "odd");
	refuses("{" OWN "}", (struct emitted_head){ .message_id = "k", .id = "1" },
		"an id and a source");
	refuses("{" OWN "}", (struct emitted_head){ .id = "1", .source = "" },
		"an id and a source");
}

static void
the_nil_uuid_is_no_user(void **state)
{
	static const struct emitted_head head = { .message_id = "k" };

	(void)state;
	refuses("{\"user_id\":\"00000000-0000-0000-0000-000000000000\",\"kind\":\"deposit\","
		"\"amount\":5}",
		head, "/user_id must not be the nil UUID");
	refuses("{\"userId\":\"00000000-0000-0000-0000-000000000000\",\"transaction\":"
		"{\"amount\":1,\"operation\":0}}",
		head, "/userId must not be the nil UUID");
}

/* An id counts only where CloudEvents promises that it is unique. */
static void
the_reason_names_an_id_that_is_no_key(void **state)
{
	static const struct emitted_head head;

	(void)state;
	refuses("{\"pattern\":\"transaction_emitted\",\"id\":\"1\",\"data\":{" OWN "}}", head,
		"(an /id without /specversion is none)");
	refuses("{\"id\":\"1\",\"source\":\"/s\",\"type\":\"transaction_emitted\","
		"\"data\":{" OWN "}}",
		head, "(an /id without /specversion is none)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_that_we_do_not_read_are_refused),
		cmocka_unit_test(attributes_in_headers_are_checked),
		cmocka_unit_test(the_nil_uuid_is_no_user),
		cmocka_unit_test(the_reason_names_an_id_that_is_no_key),
	};
	int failed;

	arena = arena_new((size_t)1 << 20);
	failed = RUN(tests);
	arena_free(arena);
	return failed;
}
