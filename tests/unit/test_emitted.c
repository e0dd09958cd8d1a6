/* test_emitted.c - accepted bodies of transaction_emitted, and why others become dead letters. */
#include <stdio.h>

#include "common/base/caller.h"
#include "domain/ledger/emitted.h"
#include "tests/unit/unit.h"

#define USER "019aaf01-0f3c-7a53-9a3b-4f0d2c6b8e11"
#define ORIGINAL "019aaf04-5a10-7e21-8f00-1c2d3e4f5061"

static struct arena *arena;
static struct emitted m;
static char reason[EVENT_REASON];

static void
is_uuid(const struct uuid *u, const char *text)
{
	char got[UUID_TEXT];

	uuid_format(u, got);
	assert_string_equal(got, text);
}

/* Reads the body, with the amount in euros. */
static enum error
take_with(const char *body, struct emitted_head head)
{
	enum error e = emitted_read(body, strlen(body), &head, arena, &m, reason);

	if (e == OK && (e = emitted_amount(&m, "EUR", reason)) != OK)
		emitted_free(&m);
	return e;
}

static enum error
take(const char *body, const char *message_id)
{
	return take_with(body, (struct emitted_head){ .message_id = message_id });
}

static void
accepts(const char *body, const char *message_id, enum kind kind, int64_t minor, const char *key)
{
	enum error e = take(body, message_id);

	if (e != OK)
		fail_msg("%s: %s", body, reason);
	assert_int_equal(m.op.kind, kind);
	assert_int_equal(m.op.amount.minor, minor);
	assert_string_equal(m.op.key, key);
	assert_true(m.op.open_missing);
	assert_int_equal(m.op.roles, ROLE_OPERATOR | ROLE_SERVICE);
	if (m.op.has_owner)
		is_uuid(&m.op.owner, USER);
	emitted_free(&m);
}

static void
refuses(const char *body, const char *message_id, const char *why)
{
	if (take(body, message_id) == OK)
		fail_msg("accepted: %s", body);
	if (strstr(reason, why) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", reason, why);
}

#define OWN "\"user_id\":\"" USER "\",\"kind\":\"deposit\",\"amount\":5"
#define CE(data) \
	"{\"specversion\":\"1.0\",\"id\":\"ce\",\"source\":\"/s\"," \
	"\"type\":\"transaction_emitted\",\"data\":{" data "}}"
/* Of "/s" and "ce"; stored, so it must never change. */
#define CE_KEY "ce-itO76ZobUMjsqsVm8rg7gV28XYtYbGBbH7suQF_t5m8"
#define NEST(data) "{\"pattern\":\"transaction_emitted\",\"data\":{" data "}}"
#define OLD(transaction) "\"userId\":\"" USER "\",\"transaction\":{" transaction "}"

static void
each_form_is_accepted(void **state)
{
	(void)state;
	accepts(CE(OWN), NULL, KIND_DEPOSIT, 5, CE_KEY);
	accepts(NEST(OWN), "mid", KIND_DEPOSIT, 5, "mid");
	accepts("{" OWN "}", "mid", KIND_DEPOSIT, 5, "mid");
	accepts(CE(OLD("\"amount\":12.5,\"operation\":0")), NULL, KIND_DEPOSIT, 1250, CE_KEY);
	accepts(NEST(OLD("\"amount\":\"12.34\",\"operation\":1")), "mid", KIND_WITHDRAWAL, 1234,
		"mid");
	accepts("{" OLD("\"amount\":7,\"operation\":2,\"id\":null") "}", "mid", KIND_PURCHASE, 700,
		"mid");
	accepts("{" OLD("\"amount\":7,\"operation\":2,\"id\":\"their own\",\"createdAt\":0") "}",
		"mid", KIND_PURCHASE, 700, "mid");
}

static void
the_innermost_key_wins(void **state)
{
	(void)state;
	accepts(CE(OWN ",\"idempotency_key\":\"mine\""), "mid", KIND_DEPOSIT, 5, "mine");
	accepts(CE(OWN), "mid", KIND_DEPOSIT, 5, CE_KEY);
	accepts("{\"idempotency_key\":\"mine\"," OLD("\"amount\":1,\"operation\":0") "}", "mid",
		KIND_DEPOSIT, 100, "mine");
	accepts("{\"idempotency_key\":null," OLD("\"amount\":1,\"operation\":0") "}", "mid",
		KIND_DEPOSIT, 100, "mid");
	accepts(NEST(OWN ",\"idempotency_key\":null"), "mid", KIND_DEPOSIT, 5, "mid");
	refuses(NEST(OWN), NULL, "no deduplication key");
	refuses("{" OLD("\"amount\":1,\"operation\":0") "}", NULL, "no deduplication key");
	refuses(NEST(OWN), "", "no deduplication key");
	refuses(NEST(OWN ",\"idempotency_key\":\"\xc3\xa9\""), "mid", "/idempotency_key");
	refuses("{\"idempotency_key\":5," OLD("\"amount\":1,\"operation\":0") "}", "mid",
		"/idempotency_key");
}

/* The key of an event with this source and id, both JSON. Static, for two at once. */
static const char *
key_of(const char *source, const char *id)
{
	static char keys[2][EMITTED_KEY];
	static int turn;
	char body[1024];

	snprintf(body, sizeof(body),
		"{\"specversion\":\"1.0\",\"id\":%s,%s,\"type\":\"transaction_emitted\","
		"\"data\":{" OWN "}}",
		id, source);
	assert_int_equal(take(body, NULL), OK);
	assert_true(key_is_valid(m.op.key));
	turn = !turn;
	snprintf(keys[turn], EMITTED_KEY, "%s", m.op.key);
	emitted_free(&m);
	return keys[turn];
}

static void
source_and_id_make_the_key(void **state)
{
	char longest[320];

	(void)state;
	assert_string_equal(key_of("\"source\":\"/s\"", "\"ce\""), CE_KEY);
	assert_string_not_equal(
		key_of("\"source\":\"/s\"", "\"1\""), key_of("\"source\":\"/t\"", "\"1\""));
	assert_string_not_equal(
		key_of("\"source\":\"/s1\"", "\"1\""), key_of("\"source\":\"/s\"", "\"11\""));
	assert_string_equal(key_of("\"source\":\"/s\"", "\"\\u00e9 \\n\""),
		key_of("\"source\":\"/s\"", "\"\xc3\xa9 \\n\""));
	memset(longest, 'x', sizeof(longest));
	longest[0] = longest[301] = '"';
	longest[302] = '\0';
	assert_string_not_equal(key_of("\"source\":\"/s\"", longest),
		key_of("\"source\":\"/s\"", "\"x\""));
}

/* Events of before are found by it. */
static void
the_id_alone_is_kept_if_it_could_be_a_key(void **state)
{
	(void)state;
	assert_int_equal(take(CE(OWN), "mid"), OK);
	assert_string_equal(m.id_key, "ce");
	emitted_free(&m);
	assert_int_equal(take(CE(OWN ",\"idempotency_key\":\"mine\""), "mid"), OK);
	assert_null(m.id_key);
	emitted_free(&m);
	assert_int_equal(take(NEST(OWN), "zwei W\xc3\xb6rter"), OK);
	assert_null(m.id_key);
	assert_true(key_is_valid(m.op.key));
	emitted_free(&m);
}

static void
undos_refer_to_their_original(void **state)
{
	(void)state;
	assert_int_equal(
		take("{" OLD("\"id\":\"" ORIGINAL "\",\"amount\":0.01,\"operation\":3") "}", "k"),
		OK);
	assert_int_equal(m.op.kind, KIND_REVERSAL);
	assert_true(m.op.has_reference);
	is_uuid(&m.op.reference, ORIGINAL);
	assert_int_equal(m.op.amount.minor, 1);
	emitted_free(&m);
	assert_int_equal(take("{" OLD("\"id\":\"" ORIGINAL "\",\"operation\":4") "}", "k"), OK);
	assert_int_equal(m.op.kind, KIND_CANCELLATION);
	assert_int_equal(m.op.amount.minor, 0);
	assert_true(m.by_reference);
	assert_false(m.op.has_wallet);
	emitted_free(&m);
	refuses("{" OLD("\"amount\":1,\"operation\":3") "}", "k", "/transaction/id");
	refuses("{" OLD("\"amount\":1,\"operation\":4,\"id\":17") "}", "k", "/transaction/id");
}

/* Digit for digit: no amount passes through floating point. */
static const struct {
	const char *sent;
	int64_t minor; /* 0: refused */
} decimals[] = {
	{ "0.01", 1 },
	{ "0.07", 7 },
	{ "1.10", 110 },
	{ "25.500", 2550 },
	{ "100", 10000 },
	{ "4.35", 435 },
	{ "0.29", 29 },
	{ "1.15", 115 },
	{ "90071992547409.91", 9007199254740991 },
	{ "90071992547409.92", 0 },
	{ "12.345", 0 },
	{ "12.340000000000000001", 0 },
	{ "0", 0 },
	{ "0.00", 0 },
	{ "-1", 0 },
	{ "1e2", 10000 },
	{ "1E+2", 10000 },
	{ "1E-2", 1 },
	{ "1E-3", 0 },
	{ "25.5e1", 25500 },
	{ "0.00012E6", 12000 },
	{ "9007199254740991e-2", 9007199254740991 },
	{ "0.1000000000000000000000000000000000000000000000000000000000000", 10 },
	{ "1000000000000000000000000000000000000000000000000.0e-47", 1000 },
	{ "1e99999999999999999", 0 },
	{ "0e0", 0 },
	{ "\"1E2\"", 10000 },
	{ "\".5\"", 50 },
	{ "\"5.\"", 500 },
	{ "\".5e1\"", 500 },
	{ "\".e1\"", 0 },
	{ "\"1e\"", 0 },
	{ "\"1e+-2\"", 0 },
	{ "\"+5\"", 0 },
	{ "\"-5\"", 0 },
	{ "\"5 \"", 0 },
	{ "\"0x10\"", 0 },
	{ "\"1e 2\"", 0 },
	{ "\"12.34\"", 1234 },
	{ "\"0012.3\"", 1230 },
	{ "\"1,5\"", 0 },
	{ "\" 1\"", 0 },
	{ "\"\"", 0 },
	{ "\".\"", 0 },
	{ "\"1.\"", 100 },
	{ "\"NaN\"", 0 },
	{ "true", 0 },
	{ "null", 0 },
	{ "[1]", 0 },
	{ "123456789012345678901234567890123456789012345678901234567890", 0 },
};

static void
decimals_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++) {
		char body[256];

		snprintf(body, sizeof(body), "{" OLD("\"amount\":%s,\"operation\":0") "}",
			decimals[i].sent);
		if (decimals[i].minor > 0)
			accepts(body, "k", KIND_DEPOSIT, decimals[i].minor, "k");
		else
			refuses(body, "k", "");
	}
}

static void
the_currency_decides_what_a_decimal_means(void **state)
{
	static const char body[] = "{" OLD("\"amount\":1.250,\"operation\":0") "}";

	(void)state;
	const struct emitted_head head = { .message_id = "k" };

	assert_int_equal(emitted_read(body, strlen(body), &head, arena, &m, reason), OK);
	assert_int_equal(emitted_amount(&m, "KWD", reason), OK);
	assert_int_equal(m.op.amount.minor, 1250);
	assert_int_equal(emitted_amount(&m, "EUR", reason), OK);
	assert_int_equal(m.op.amount.minor, 125);
	assert_int_equal(emitted_amount(&m, "JPY", reason), ERR_INVALID_REQUEST);
	assert_int_equal(emitted_amount(&m, "XXX", reason), ERR_INVALID_REQUEST);
	emitted_free(&m);
}

static void
other_bodies_are_refused_with_a_reason(void **state)
{
	(void)state;
	refuses("nothing", "k", "column");
	refuses(CE("\"kind\":\"deposit\",\"amount\":5"), "k", "/wallet_id or /user_id");
	refuses(CE(OWN ",\"colour\":1"), "k", "/colour");
	refuses(CE("\"user_id\":\"" USER "\",\"kind\":\"gift\",\"amount\":5.5"), "k", "/kind");
	refuses(CE("\"user_id\":\"" USER "\",\"kind\":\"deposit\",\"amount\":\"5\""), "k",
		"/amount");
	refuses(CE("\"user_id\":\"me\",\"kind\":\"deposit\",\"amount\":5"), "k", "/user_id");
	refuses("{\"pattern\":\"transaction_created\",\"data\":{" OWN "}}", "k",
		"only transaction_emitted is accepted here");
	refuses("{\"userId\":7,\"transaction\":{\"amount\":1,\"operation\":0}}", "k", "/userId");
	refuses("{\"userId\":\"me\",\"transaction\":{\"amount\":1,\"operation\":0}}", "k",
		"/userId");
	refuses("{\"userId\":\"" USER "\"}", "k", "/transaction ");
	refuses("{\"userId\":\"" USER "\",\"transaction\":[]}", "k", "/transaction ");
	refuses("{" OLD("\"amount\":1") "}", "k", "/transaction/operation");
	refuses("{" OLD("\"amount\":1,\"operation\":5") "}", "k", "/transaction/operation");
	refuses("{" OLD("\"amount\":1,\"operation\":-1") "}", "k", "/transaction/operation");
	refuses("{" OLD("\"amount\":1,\"operation\":\"0\"") "}", "k", "/transaction/operation");
	refuses("{" OLD("\"amount\":1,\"operation\":0.5") "}", "k", "/transaction/operation");
	refuses("{" OLD("\"amount\":1,\"operation\":1e300") "}", "k", "/transaction/operation");
}

/* JSON spells a number and a name in many ways. */
static void
spellings_are_alike(void **state)
{
	(void)state;
	accepts("{" OLD("\"amount\":1,\"operation\":2.0") "}", "k", KIND_PURCHASE, 100, "k");
	accepts("{" OLD("\"amount\":1,\"operation\":20E-1") "}", "k", KIND_PURCHASE, 100, "k");
	accepts("{" OLD("\"amount\":1,\"operation\":-0") "}", "k", KIND_DEPOSIT, 100, "k");
	accepts("{\"user\\u0049d\":\"" USER "\",\"tr\\u0061nsaction\":"
		"{\"\\u0061mount\":1.25,\"\\u006fperation\":0}}",
		"k", KIND_DEPOSIT, 125, "k");
	accepts("{\"pattern\":\"transaction_emitted\",\"d\\u0061ta\":{\"userId\":\"" USER
		"\",\"transaction\":{\"a\\u006d\\u006funt\":1.25,\"operation\":0}}}",
		"k", KIND_DEPOSIT, 125, "k");
}

#define HEAD(t, i, s) (struct emitted_head){ .message_id = "mid", .type = t, .id = i, .source = s }

static void
binary_mode_is_read_if_it_is_ours(void **state)
{
	(void)state;
	assert_int_equal(take_with("{" OWN "}",
				 HEAD("transaction_emitted", "ce", "/s")),
		OK);
	assert_string_equal(m.op.key, CE_KEY);
	emitted_free(&m);
	assert_int_equal(take_with(NEST(OWN), (struct emitted_head){ .id = "ce", .source = "/s" }),
		OK);
	assert_string_equal(m.op.key, CE_KEY);
	emitted_free(&m);
	assert_int_equal(
		take_with("{" OWN "}", HEAD("user_created", "1", "/s")),
		ERR_INVALID_REQUEST);
	assert_non_null(strstr(reason, "not user_created"));
	assert_int_equal(take_with(CE(OWN), (struct emitted_head){ .type = "user_created" }),
		ERR_INVALID_REQUEST);
	/* The envelope in the body has an id of its own. */
	assert_int_equal(take_with(CE(OWN),
				 HEAD("transaction_emitted", "2", "/t")),
		OK);
	assert_string_equal(m.op.key, CE_KEY);
	emitted_free(&m);
}

static struct uuid
rejection_of(const char *body, const char *message_id)
{
	struct uuid id;

	assert_int_equal(take(body, message_id), OK);
	id = emitted_rejection_id(&m);
	emitted_free(&m);
	return id;
}

static void
a_rejection_has_one_id(void **state)
{
	struct uuid a = rejection_of(CE(OWN), NULL), again = rejection_of(NEST(OWN), CE_KEY),
		    key = rejection_of(NEST(OWN), "other"),
		    body = rejection_of(NEST(OWN ",\"description\":\"x\""), CE_KEY);

	(void)state;
	assert_memory_equal(&a, &again, sizeof(a));
	assert_memory_not_equal(&a, &key, sizeof(a));
	assert_memory_not_equal(&a, &body, sizeof(a));
	assert_int_equal(a.bytes[6] >> 4, 8);
	assert_int_equal(a.bytes[8] >> 6, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_accepted),
		cmocka_unit_test(the_innermost_key_wins),
		cmocka_unit_test(source_and_id_make_the_key),
		cmocka_unit_test(the_id_alone_is_kept_if_it_could_be_a_key),
		cmocka_unit_test(undos_refer_to_their_original),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(the_currency_decides_what_a_decimal_means),
		cmocka_unit_test(other_bodies_are_refused_with_a_reason),
		cmocka_unit_test(spellings_are_alike),
		cmocka_unit_test(binary_mode_is_read_if_it_is_ours),
		cmocka_unit_test(a_rejection_has_one_id),
	};
	int failed;

	arena = arena_new((size_t)1 << 20);
	failed = RUN(tests);
	arena_free(arena);
	return failed;
}
