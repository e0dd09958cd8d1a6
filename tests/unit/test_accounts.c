/* test_accounts.c - addresses, names, roles, and the delays after failed sign-ins. */
#include "common/base/caller.h"
#include "common/base/config.h"
#include "domain/identity/accounts.h"
#include "domain/identity/attempts.h"
#include "tests/unit/unit.h"

static void
addresses(void **state)
{
	static const char *const good[] = { "a@b", "ada@example.com",
		"ada.lovelace+purse@mail.example.co.uk", "o'brien@x-y.ie", "A_B-c=d@123.example",
		"1234567890123456789012345678901234567890123456789012345678901234@example.com" };
	static const char *const bad[] = { "", "@", "ada", "ada@", "@example.com",
		"ada@@example.com", "ada@b@example.com", ".ada@example.com", "ada.@example.com",
		"a..da@example.com", "ada@.com", "ada@example.", "ada@exa mple.com",
		"ad a@example.com", "ada@-example.com", "ada@example-.com", "ada@exam_ple.com",
		"\"ada\"@example.com", "ada@[127.0.0.1]", "ada@example.com\n", "ada\t@example.com",
		"adä@example.com", "ada@exämple.com",
		"12345678901234567890123456789012345678901234567890123456789012345@example.com",
		"ada@1234567890123456789012345678901234567890123456789012345678901234.com" };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (email_fault(good[i]) != NULL)
			fail_msg("%s was refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (email_fault(bad[i]) == NULL)
			fail_msg("%s was accepted", bad[i]);
	memset(longest, 'a', sizeof longest);
	for (size_t i = 1; i < sizeof longest; i += 50)
		longest[i] = i == 1 ? '@' : '.';
	longest[EMAIL_MAX] = '\0';
	assert_null(email_fault(longest));
	longest[EMAIL_MAX] = 'a';
	longest[EMAIL_MAX + 1] = '\0';
	assert_non_null(email_fault(longest));
}

static void
names(void **state)
{
	(void)state;
	assert_null(name_fault("Ada"));
	assert_null(name_fault("Żółć Grażyna"));
	assert_non_null(name_fault("   "));
	assert_non_null(name_fault("Ada\nLovelace"));
	assert_non_null(name_fault("Ada\tLovelace"));
}

static void
roles(void **state)
{
	char text[ROLES_TEXT];
	unsigned got;
	json_t *array;

	(void)state;
	assert_int_equal(roles_from_text("customer,operator,service"),
		ROLE_CUSTOMER | ROLE_OPERATOR | ROLE_SERVICE);
	assert_int_equal(roles_from_text("operators,king,,service"), ROLE_SERVICE);
	assert_int_equal(roles_from_text(""), 0);
	assert_int_equal(roles_from_text(NULL), 0);
	assert_int_equal(role_from_name("operator"), ROLE_OPERATOR);
	assert_int_equal(role_from_name("Operator"), 0);
	roles_to_text(ROLE_SERVICE | ROLE_CUSTOMER, text);
	assert_string_equal(text, "customer,service");
	roles_to_text(ROLE_CUSTOMER | ROLE_OPERATOR | ROLE_SERVICE, text);
	assert_string_equal(text, "customer,operator,service");
	roles_to_text(0, text);
	assert_string_equal(text, "");
	array = roles_to_json(ROLE_OPERATOR | ROLE_CUSTOMER);
	assert_true(roles_from_json(array, &got));
	assert_int_equal(got, ROLE_OPERATOR | ROLE_CUSTOMER);
	assert_int_equal(json_array_size(array), 2);
	json_decref(array);
}

static void
delays_double_up_to_the_longest(void **state)
{
	(void)state;
	for (int64_t n = 0; n < 5; n++)
		assert_int_equal(attempt_delay_ms(n), 0);
	assert_int_equal(attempt_delay_ms(5), 1000);
	assert_int_equal(attempt_delay_ms(6), 2000);
	assert_int_equal(attempt_delay_ms(14), 512000);
	assert_int_equal(attempt_delay_ms(15), 900000);
	assert_int_equal(attempt_delay_ms(1000000), 900000);
	assert_int_equal(attempt_delay_ms(INT64_MAX), 900000);
}

static void
the_database_gets_every_delay(void **state)
{
	struct auth auth = { .pool = NULL };

	(void)state;
	assert_true(attempts_start(&auth));
	assert_int_equal(auth.delays.count, 15); /* up to the first one at the maximum */
	db_array_free(&auth.delays);
}

static const struct auth secrets[] = { { .secret = { 1, 2, 3 } }, { .secret = { 3, 2, 1 } } };
static const struct client here = { "a browser", "192.0.2.1" };

static struct attempt
prepared(const struct auth *auth, const char *email, const struct client *client)
{
	const struct uuid account = { { 0 } };
	struct attempt a;

	attempt_prepare(auth, email, &account, client, &a);
	return a;
}

static bool
same(const struct attempt *a, const struct attempt *b, enum attempt_kind kind)
{
	return memcmp(a->keys[kind], b->keys[kind], ATTEMPT_KEY) == 0;
}

static void
attempts_are_counted_by_account_and_client(void **state)
{
	const struct client elsewhere = { "a browser", "192.0.2.2" },
			    other = { "another browser", "192.0.2.1" };
	struct attempt a = prepared(&secrets[0], "Ada@Example.com", &here), b;

	(void)state;
	b = prepared(&secrets[0], "ada@example.COM", &here);
	for (enum attempt_kind kind = 0; kind < ATTEMPT_KINDS; kind++) {
		assert_true(same(&a, &b, kind));
		for (enum attempt_kind k = 0; k < kind; k++)
			assert_memory_not_equal(a.keys[kind], a.keys[k], ATTEMPT_KEY);
	}
	b = prepared(&secrets[0], "bob@example.com", &here);
	assert_true(same(&a, &b, ATTEMPT_CLIENT));
	assert_false(same(&a, &b, ATTEMPT_DEVICE) || same(&a, &b, ATTEMPT_STRANGER) ||
		     same(&a, &b, ATTEMPT_ACCOUNT));
	b = prepared(&secrets[0], "ada@example.com", &elsewhere);
	assert_true(same(&a, &b, ATTEMPT_ACCOUNT));
	assert_false(same(&a, &b, ATTEMPT_DEVICE) || same(&a, &b, ATTEMPT_STRANGER) ||
		     same(&a, &b, ATTEMPT_CLIENT));
	/* A stranger gains nothing by another user agent. */
	b = prepared(&secrets[0], "ada@example.com", &other);
	assert_true(same(&a, &b, ATTEMPT_STRANGER) && same(&a, &b, ATTEMPT_CLIENT));
	assert_false(same(&a, &b, ATTEMPT_DEVICE));
	b = prepared(&secrets[1], "ada@example.com", &here);
	for (enum attempt_kind kind = 0; kind < ATTEMPT_KINDS; kind++)
		assert_false(same(&a, &b, kind));
}

static bool
one_client(const char *ip, const char *other_ip)
{
	const struct client c = { NULL, ip }, other = { NULL, other_ip };
	unsigned char a[CLIENT_NETWORK], b[CLIENT_NETWORK];

	client_network(&c, a);
	client_network(&other, b);
	return memcmp(a, b, sizeof a) == 0;
}

static void
a_client_is_an_address_or_a_network(void **state)
{
	(void)state;
	assert_false(one_client("192.0.2.1", "192.0.2.2"));
	assert_true(one_client("192.0.2.1", "::ffff:192.0.2.1"));
	assert_true(one_client("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
	assert_false(one_client("2001:db8:1:2::1", "2001:db8:1:3::1"));
	assert_false(one_client("0.0.0.0", NULL));
	assert_true(one_client("unknown", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(roles),
		cmocka_unit_test(delays_double_up_to_the_longest),
		cmocka_unit_test(the_database_gets_every_delay),
		cmocka_unit_test(attempts_are_counted_by_account_and_client),
		cmocka_unit_test(a_client_is_an_address_or_a_network),
	};

	if (!config_load())
		return 1;
	return RUN(tests);
}
