/* password.c - fuzzes passwords, addresses and names of accounts. Lines: an address, a name, a
 * password. */
#include <string.h>

#include "common/base/visible.h"
#include "domain/identity/accounts.h"
#include "domain/identity/password_rules.h"
#include "domain/identity/password_text.h"
#include "tests/fuzz/fuzz.h"

static void
email_check(const char *email)
{
	const char *at = strchr(email, '@');

	if (email_fault(email) != NULL)
		return;
	CHECK(strlen(email) <= EMAIL_MAX && at > email && strchr(at + 1, '@') == NULL, "%s", email);
	CHECK(strpbrk(email, " \t\r\n<>\"(),:;\\[]") == NULL, "%s", email);
	for (const char *c = email; *c != '\0'; c++)
		CHECK(*c > ' ' && *c < 0x7f, "%s", email);
}

static void
password_check(struct arena *arena, const char *password, const char *email)
{
	const char *prepared = password_prepare(arena, password), *again;

	if (prepared == NULL)
		return;
	CHECK(fuzz_is_utf8(prepared), "%s", prepared);
	again = password_prepare(arena, prepared);
	CHECK(again != NULL && strcmp(prepared, again) == 0, "%s becomes %s", prepared, again);
	CHECK(password_same(arena, password, prepared), "%s", password);
	if (password_fault(prepared, email) != NULL)
		return;
	CHECK(strlen(prepared) >= PASSWORD_MIN && strlen(prepared) <= PASSWORD_MAX, "%s", prepared);
	CHECK(*text_visible(prepared) != '\0' && !text_has_controls(prepared), "%s", prepared);
	CHECK(strcasecmp(prepared, email) != 0, "%s", prepared);
}

FUZZ_TARGET(password)
{
	char *email = fuzz_line(in), *name = fuzz_line(in), *password = fuzz_line(in);

	email_check(email);
	/* The other two have passed FIELD_TEXT. */
	if (fuzz_is_utf8(name) && !text_has_controls(name) && name_fault(name) == NULL)
		CHECK(*name != '\0' && strpbrk(name, "\t\r\n") == NULL, "%s", name);
	if (fuzz_is_utf8(password) && !text_has_controls(password) && strlen(password) <= 4096)
		password_check(in->arena, password, email);
}
