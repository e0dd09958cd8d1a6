/* mail.c - fuzzes the mails that we send: no address and no text adds a header, or ends the mail
 * early. Lines: sender, recipient; the rest is the body. */
#include "domain/statement/mail.c"
#include "tests/fuzz/fuzz.h"

static void
head_check(const char *text, const struct mail *m)
{
	static const char *const names[] = { "Date: ", "From: ", "To: ", "Subject: ",
		"Message-ID: ", "MIME-Version: ", "Content-Type: ", "Auto-Submitted: " };
	const char *line = text;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CHECK(strncmp(line, names[i], strlen(names[i])) == 0, "%s", text);
		CHECK((line = strstr(line, "\r\n")) != NULL, "%s", text);
		line += 2;
	}
	CHECK(strncmp(line, "\r\n", 2) == 0, "%s", text);
	CHECK(strstr(text, m->to) != NULL, "%s", text);
}

FUZZ_TARGET(mail)
{
	char text[MAIL_MAX];
	struct mail m = { .from = fuzz_line(in), .to = fuzz_line(in), .body = fuzz_rest(in, NULL),
		.id = "019aaf01-0f3c-7a53-9a3b-4f0d2c6b8e11", .subject = "Your statement" };

	if (!address_is_valid(m.from) || !address_is_valid(m.to) || !mail_write(&m, text))
		return;
	head_check(text, &m);
	for (const char *c = text; *c != '\0'; c++)
		CHECK(*c != '\n' || (c > text && c[-1] == '\r'), "a bare line feed: %s", text);
}
