/* token.c - fuzzes access tokens past the signature too: we sign any header and claims. Only what
 * an independent reading finds valid is accepted. Lines: a header, or none for ours; the claims. If
 * the claims are missing, the first line is the token itself. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/caller.h"
#include "common/base/config.h"
#include "domain/identity/keys.h"
#include "domain/identity/tokens.h"
#include "tests/fuzz/fuzz.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define NOW INT64_C(1795413839) /* the corpus has tokens of that time */

static char kid[UUID_TEXT];

static void
keys_make(void)
{
	if (kid[0] != '\0')
		return;
	if (setenv("KEY_DIR", fuzz_folder(), 1) != 0 || !config_load() ||
		!keys_start(true) || keys_current(kid) != OK)
		abort();
}

static size_t
part_add(char *out, size_t n, const void *bytes, size_t count)
{
	sodium_bin2base64(out + n, 8 * TOKEN_MAX - n, bytes, count, BASE64);
	return strlen(out);
}

static const char *
token_make(const char *header, const char *claims, size_t bytes)
{
	static char out[8 * TOKEN_MAX];
	char ours[128];
	unsigned char signature[KEY_SIGNATURE];
	size_t n;

	(void)snprintf(ours, sizeof ours, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		kid);
	n = part_add(out, 0, header, strlen(header));
	if (header[0] == '\0')
		n = part_add(out, 0, ours, strlen(ours));
	out[n++] = '.';
	n = part_add(out, n, claims, bytes);
	CHECK(keys_sign(kid, out, n, signature) == OK, "cannot sign");
	out[n++] = '.';
	(void)part_add(out, n, signature, sizeof signature);
	return out;
}

static bool
is_uuid(const json_t *claims, const char *name, const struct uuid *u)
{
	const char *text = json_string_value(json_object_get(claims, name));
	struct uuid again;

	return text != NULL && uuid_parse(text, &again) && memcmp(&again, u, sizeof again) == 0;
}

/* What an accepted token must say. */
static void
claims_check(const char *text, size_t bytes, const struct claims *c)
{
	json_t *claims = fuzz_json(text, bytes, "the claims of an accepted token");
	json_int_t exp = json_integer_value(json_object_get(claims, "exp")),
		   iat = json_integer_value(json_object_get(claims, "iat")),
		   nbf = json_integer_value(json_object_get(claims, "nbf"));
	const char *iss = json_string_value(json_object_get(claims, "iss")),
		   *aud = json_string_value(json_object_get(claims, "aud"));

	CHECK(iss != NULL && strcmp(iss, "http://localhost:3000") == 0, "%s", text);
	CHECK(aud != NULL && strcmp(aud, "purse") == 0, "%s", text);
	CHECK(exp > NOW && iat <= NOW + TOKEN_LEEWAY_S && nbf <= NOW + TOKEN_LEEWAY_S, "%s", text);
	CHECK(c->expires_at / US_PER_S == exp, "%s", text);
	CHECK(is_uuid(claims, "sub", &c->user) && is_uuid(claims, "sid", &c->session), "%s", text);
	CHECK((c->roles & ~7U) == 0, "%x", c->roles);
	json_decref(claims);
}

static void
signed_check(const char *header, const char *claims, size_t bytes)
{
	const char *token = token_make(header, claims, bytes), *why;
	struct claims c = { 0 };
	enum error e = token_check(token, &c, &why);

	CHECK(e == OK || (e == ERR_UNAUTHENTICATED && why != NULL), "%s", error_code(e));
	if (e == OK)
		claims_check(claims, bytes, &c);
}

/* Without our key nothing is accepted. */
static void
unsigned_check(const char *token)
{
	struct claims c;
	const char *why;

	CHECK(token_check(token, &c, &why) == ERR_UNAUTHENTICATED && why != NULL, "%s", token);
}

FUZZ_TARGET(token)
{
	char *first = fuzz_line(in), *claims;
	size_t bytes;

	keys_make();
	clock_fix(NOW * US_PER_S);
	claims = fuzz_rest(in, &bytes);
	if (bytes == 0)
		unsigned_check(first);
	else if (strlen(first) + bytes < TOKEN_MAX)
		signed_check(first, claims, bytes);
	clock_fix(0);
}
