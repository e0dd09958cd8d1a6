/* ids.c - fuzzes the small texts: UUIDs, roles, idempotency keys, refresh tokens, addresses of
 * clients. Each line is tried as each of them. */
#include <sodium.h>
#include <string.h>

#include "common/base/bind.h"
#include "common/base/caller.h"
#include "domain/identity/client.h"
#include "domain/identity/refresh_token.h"
#include "tests/fuzz/fuzz.h"

static void
uuid_check(const char *text)
{
	char again[UUID_TEXT];
	struct uuid u;

	if (!uuid_parse(text, &u))
		return;
	uuid_format(&u, again);
	CHECK(strcasecmp(text, again) == 0, "%s becomes %s", text, again);
}

static void
roles_check(const char *text)
{
	unsigned roles = roles_from_text(text);
	char again[ROLES_TEXT];

	CHECK((roles & ~7U) == 0, "%x", roles);
	roles_to_text(roles, again);
	CHECK(roles_from_text(again) == roles, "%s becomes %s", text, again);
	CHECK(strlen(again) <= strlen(text), "%s becomes %s", text, again);
}

static void
refresh_check(const char *text)
{
	char again[REFRESH_TOKEN];
	struct refresh r;

	if (!refresh_read(text, &r))
		return;
	sodium_bin2base64(again, sizeof again, r.token, sizeof r.token,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	CHECK(strcmp(text, again) == 0, "%s becomes %s", text, again);
}

FUZZ_TARGET(ids)
{
	char *text = fuzz_line(in);
	unsigned char network[CLIENT_NETWORK];
	struct client client = { .ip = text };

	uuid_check(text);
	roles_check(text);
	refresh_check(text);
	if (key_is_valid(text))
		CHECK(strlen(text) <= KEY_MAX && strpbrk(text, " \t\r\n") == NULL, "%s", text);
	client_network(&client, network);
}
