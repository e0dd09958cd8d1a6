/* test_config_type.c - what each type of option accepts. */
#include "common/base/config_type.h"
#include "tests/unit/unit.h"

struct sample {
	enum config_type type;
	const char *good[6], *bad[12]; /* each ends with NULL */
};

static const struct sample samples[] = {
	{ STANDBY, { "none", "any", "sync" }, { "", "some", "ANY", "any " } },
	{ LEVEL, { "debug", "info", "warn", "error" }, { "", "loud", "INFO", "info " } },
	{ CURRENCY, { "EUR", "JPY", "BHD" }, { "", "XXQ", "eur", "EURO" } },
	{ URL, { "http://localhost:3000", "https://purse.example/wallet", "HTTP://[::1]:1" },
		{ "", "foo", "http://", "http:///x", "ftp://x", "http://a b", "http://x?y",
			"https://x#y", "http://:80", "http://x\n" } },
	{ DATABASE,
		{ "postgresql://u:p@h/d", "postgres:///d", "host=/run dbname=d", "service=purse" },
		{ "", "purse", "mysql://h/d?x=y", "postgresql:/h" } },
	{ AMQP, { "amqp://u:p@h:5672/%2f", "amqps://h" }, { "", "http://h", "amqp:h", "amqp://" } },
	{ SMTP, { "smtp://localhost:25", "smtps://u:p@h" }, { "", "localhost:25", "http://h" } },
	{ MAILBOX, { "purse@localhost", "a.b@c.d" },
		{ "", "purse", "@x", "x@", "a@b@c", "a@b\r\nBcc: c@d", "<a@b>", "A <a@b>" } },
	{ FOLDER, { "/", "/missing/folder", "var" }, { "/etc/passwd", "a\nb" } },
	{ LISTENER, { ":9000", "/run/purse.sock" }, { ":", ":0", ":70000", ":9x", "/a b" } },
	{ ADDRESS, { "127.0.0.1", "0.0.0.0", "::", "::1" },
		{ "", "localhost", "1.2.3", "1.2.3.4:80", "[::1]", "1.2.3.256" } },
	{ NETWORKS, { "10.0.0.0/8", "::1 127.0.0.1", "fe80::/10" },
		{ "10.0.0.0/33", "10.0.0.0/", "::/129", "proxy", "10.0.0.1,10.0.0.2" } },
};

static void
forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		const struct sample *s = &samples[i];

		assert_false(config_type_is_number(s->type));
		for (size_t n = 0; s->good[n] != NULL; n++)
			if (!config_type_matches(s->type, s->good[n]))
				fail_msg("%s was refused", s->good[n]);
		for (size_t n = 0; s->bad[n] != NULL; n++)
			if (config_type_matches(s->type, s->bad[n]))
				fail_msg("\"%s\" was accepted as %s", s->bad[n],
					config_type_form(s->type));
	}
}

static void
number(enum config_type t, const char *text, int64_t expected)
{
	int64_t n;

	assert_true(config_type_number(t, text, &n));
	assert_int_equal(n, expected);
}

static void
numbers(void **state)
{
	static const char *const bad[] = { "", "-1", " 1", "1 s", "1x", "0x10", "1.5",
		"9223372036854775808", "9223372036854775807d" };
	int64_t n;

	(void)state;
	number(INT, "0", 0);
	number(SIZE, "64k", 65536);
	number(SIZE, "1m", 1048576);
	number(TIME, "250ms", 250);
	number(TIME, "7d", 604800000);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (config_type_number(TIME, bad[i], &n))
			fail_msg("\"%s\" was accepted", bad[i]);
	assert_false(config_type_number(INT, "1k", &n));
	assert_false(config_type_number(TIME, "5", &n)); /* without a unit it could mean anything */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
