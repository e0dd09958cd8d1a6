/* test_token.c - access tokens: only tokens that we issued are accepted, however good the forgery.
 *
 * libjwt has two roles: an attacker who signs with what a client can know, and a second opinion on
 * ES256. */
#include <jansson.h>
#include <jwt.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>

#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/base/random.h"
#include "domain/identity/key_files.h"
#include "domain/identity/keys.h"
#include "domain/identity/tokens.h"
#include "tests/unit/unit.h"

#define NOW (INT64_C(1795413839) * US_PER_S)
#define USER "018f6f2e-7b1c-7cc0-8000-00000000abcd"
#define SESSION "018f6f2e-7b1c-7cc0-8000-00000000dcba"
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static char folder[] = "/tmp/purse-test-token-XXXXXX";

/* ---- making tokens of any kind ---- */

static void
part(char *out, size_t n, const char *text)
{
	sodium_bin2base64(
		out + n, 8 * TOKEN_MAX - n, (const unsigned char *)text, strlen(text), BASE64);
}

/* A token with our own signature over any header and payload. */
static const char *
signed_token(const char *header, const char *payload)
{
	static char out[8 * TOKEN_MAX];
	unsigned char signature[KEY_SIGNATURE];
	char kid[UUID_TEXT];
	size_t n;

	part(out, 0, header);
	n = strlen(out);
	out[n] = '.';
	part(out, n + 1, payload);
	assert_int_equal(keys_current(kid), OK);
	assert_int_equal(keys_sign(kid, out, strlen(out), signature), OK);
	n = strlen(out);
	out[n++] = '.';
	sodium_bin2base64(out + n, sizeof out - n, signature, sizeof signature, BASE64);
	return out;
}

static const char *
good_header(void)
{
	static char out[128];
	char kid[UUID_TEXT];

	assert_int_equal(keys_current(kid), OK);
	snprintf(out, sizeof out, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kid);
	return out;
}

/* The claims that we write, with one replaced, or left out if value is NULL. */
static const char *
claims_with(const char *name, json_t *value)
{
	static char out[2 * TOKEN_MAX];
	json_t *c = json_pack("{s:s, s:s, s:s, s:s, s:[s], s:I, s:I, s:s}", "iss",
		"http://localhost:3000", "aud", "purse", "sub", USER, "sid", SESSION, "roles",
		"customer", "iat", (json_int_t)(NOW / US_PER_S), "exp",
		(json_int_t)(NOW / US_PER_S + 600), "jti", USER);
	size_t n;

	assert_non_null(c);
	if (name != NULL && value != NULL)
		json_object_set_new(c, name, value);
	else if (name != NULL)
		json_object_del(c, name);
	n = json_dumpb(c, out, sizeof out - 1, JSON_COMPACT);
	assert_in_range(n, 1, sizeof out - 1);
	out[n] = '\0';
	json_decref(c);
	return out;
}

static enum error
check(const char *token)
{
	struct claims c;
	const char *why;
	enum error e = token_check(token, &c, &why);

	if (e == ERR_UNAUTHENTICATED)
		assert_non_null(why);
	return e;
}

static void
refuses(const char *token)
{
	assert_int_equal(check(token), ERR_UNAUTHENTICATED);
}

static void
refuses_header(const char *header)
{
	refuses(signed_token(header, claims_with(NULL, NULL)));
}

static void
refuses_claim(const char *name, json_t *value)
{
	refuses(signed_token(good_header(), claims_with(name, value)));
}

static void
issue(char token[TOKEN_MAX])
{
	struct claims c = { .roles = ROLE_CUSTOMER | ROLE_OPERATOR };

	assert_true(uuid_parse(USER, &c.user) && uuid_parse(SESSION, &c.session));
	assert_int_equal(token_issue(&c, token), OK);
	assert_int_equal(c.expires_at, NOW + 600 * US_PER_S);
}

/* ---- tests ---- */

static void
issued_tokens_are_accepted(void **state)
{
	char token[TOKEN_MAX], text[UUID_TEXT];
	struct claims c;
	const char *why;

	(void)state;
	issue(token);
	assert_int_equal(token_check(token, &c, &why), OK);
	uuid_format(&c.user, text);
	assert_string_equal(text, USER);
	uuid_format(&c.session, text);
	assert_string_equal(text, SESSION);
	assert_int_equal(c.roles, ROLE_CUSTOMER | ROLE_OPERATOR);
	assert_int_equal(c.expires_at, NOW + 600 * US_PER_S);
	/* The forgeries below differ from this token only in their contents. */
	assert_int_equal(check(signed_token(good_header(), claims_with(NULL, NULL))), OK);
}

static void
token_times_are_checked(void **state)
{
	char token[TOKEN_MAX];

	(void)state;
	issue(token);
	clock_fix(NOW + 600 * US_PER_S - 1);
	assert_int_equal(check(token), OK);
	clock_fix(NOW + 600 * US_PER_S);
	refuses(token);
	clock_fix(NOW - TOKEN_LEEWAY_S * US_PER_S);
	assert_int_equal(check(token), OK);
	clock_fix(NOW - (TOKEN_LEEWAY_S + 1) * US_PER_S);
	refuses(token);
	clock_fix(NOW);
}

static void
every_claim_is_checked(void **state)
{
	const char *const names[] = { "iss", "aud", "sub", "sid", "roles", "iat", "exp", "jti" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		refuses_claim(names[i], NULL);
		refuses_claim(names[i], json_null());
		refuses_claim(names[i], json_true());
	}
	refuses_claim("iss", json_string("http://localhost:3000/"));
	refuses_claim("aud", json_string("purse2"));
	refuses_claim("aud", json_pack("[s]", "someone else"));
	refuses_claim("sub", json_string("root"));
	refuses_claim("sid", json_string(""));
	refuses_claim("exp", json_string("9999999999"));
	refuses_claim("exp", json_real(9999999999.5));
	refuses_claim("exp", json_integer(INT64_MAX));
	refuses_claim("iat", json_integer(NOW / US_PER_S + TOKEN_LEEWAY_S + 1));
	refuses_claim("nbf", json_integer(NOW / US_PER_S + TOKEN_LEEWAY_S + 1));
	refuses_claim("nbf", json_real((double)NOW / US_PER_S + 600.5));
	refuses_claim("roles", json_string("operator"));
	refuses_claim("roles", json_pack("[i]", 7));
	assert_int_equal(
		check(signed_token(good_header(), claims_with("roles", json_pack("[s]", "king")))),
		OK);
}

static void
the_header_must_be_ours(void **state)
{
	char header[256], kid[UUID_TEXT];

	(void)state;
	assert_int_equal(keys_current(kid), OK);
	static const char *const wrong[] = {
		"{\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"ES384\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"es256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":[\"ES256\"],\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"kid\":\"%s\"}",
		"{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"[\"%s\"]",
		"%s",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(header, sizeof header, wrong[i], kid);
#pragma GCC diagnostic pop
		refuses_header(header);
	}
	refuses_header("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"" USER "\",\"typ\":\"at+jwt\"}");
	refuses_header("{\"alg\":\"ES256\",\"kid\":\"../../../etc/key.pem\",\"typ\":\"at+jwt\"}");
}

/* A changed copy of the token must be refused. */
static void
damaged_tokens_are_refused(void **state)
{
	static const char *const around[][2] = { { "", "=" }, { "", "." }, { " ", "" } };
	char token[TOKEN_MAX], copy[TOKEN_MAX];

	(void)state;
	issue(token);
	for (size_t i = 0, n = strlen(token); i < n; i++) {
		memcpy(copy, token, i);
		copy[i] = '\0';
		refuses(copy);
		memcpy(copy, token, n + 1);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		refuses(copy);
	}
	for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
		snprintf(copy, sizeof copy, "%s%s%s", around[i][0], token, around[i][1]);
		refuses(copy);
	}
	refuses("..");
	refuses("");
}

static void
long_tokens_are_refused(void **state)
{
	char *longest = malloc(2 * TOKEN_MAX);

	(void)state;
	assert_non_null(longest);
	memset(longest, 'a', TOKEN_MAX);
	longest[TOKEN_MAX] = '\0';
	longest[10] = longest[20] = '.';
	refuses(longest);
	/* Signed by us and valid in every claim, but larger than any token we write. */
	memset(longest, 'x', TOKEN_MAX);
	longest[TOKEN_MAX] = '\0';
	refuses_claim("jti", json_string(longest));
	free(longest);
}

/* ---- libjwt ---- */

static char *
pem_of(EVP_PKEY *pair, bool secret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy;
	long n;

	if (secret)
		assert_true(PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL));
	else
		assert_true(PEM_write_bio_PUBKEY(bio, pair));
	n = BIO_get_mem_data(bio, &text);
	copy = strndup(text, (size_t)n);
	BIO_free(bio);
	assert_non_null(copy);
	return copy;
}

static char *
libjwt_token(jwt_alg_t alg, const char *key)
{
	int bytes = key != NULL ? (int)strlen(key) : 0;
	jwt_t *jwt;
	char kid[UUID_TEXT], *out;

	assert_int_equal(keys_current(kid), OK);
	assert_int_equal(jwt_new(&jwt), 0);
	assert_int_equal(jwt_add_headers_json(jwt, "{\"typ\":\"at+jwt\"}"), 0);
	assert_int_equal(jwt_add_header(jwt, "kid", kid), 0);
	assert_int_equal(
		jwt_add_grants_json(jwt, claims_with("roles", json_pack("[s]", "operator"))), 0);
	assert_int_equal(jwt_set_alg(jwt, alg, (const unsigned char *)key, bytes), 0);
	out = jwt_encode_str(jwt);
	jwt_free(jwt);
	assert_non_null(out);
	return out;
}

static void
forged_tokens_are_refused(void **state)
{
	struct key keys[KEYS_MAX];
	int count = key_files_read(folder, keys);
	EVP_PKEY *theirs = EVP_EC_gen("P-256");
	char *public_pem = pem_of(keys[0].pair, false);
	char *their_pem = pem_of(theirs, true), *token;

	(void)state;
	token = libjwt_token(JWT_ALG_NONE, NULL);
	refuses(token);
	free(token);
	token = libjwt_token(JWT_ALG_HS256, public_pem); /* libjwt itself accepts this one */
	refuses(token);
	free(token);
	token = libjwt_token(JWT_ALG_ES256, their_pem);
	refuses(token);
	free(token);
	free(public_pem);
	free(their_pem);
	EVP_PKEY_free(theirs);
	key_files_free(keys, count);
}

/* Two implementations of ES256 that agree, both ways. */
static void
libjwt_agrees_on_es256(void **state)
{
	struct key keys[KEYS_MAX];
	int count = key_files_read(folder, keys);
	char *secret_pem = pem_of(keys[0].pair, true), *theirs, *dot;
	char *public_pem = pem_of(keys[0].pair, false);
	const char *ours = signed_token(
		"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", claims_with(NULL, NULL));
	unsigned char signature[KEY_SIGNATURE];
	jwt_t *jwt = NULL;
	size_t n;

	(void)state;
	assert_int_equal(
		jwt_decode(&jwt, ours, (unsigned char *)public_pem, (int)strlen(public_pem)), 0);
	assert_string_equal(jwt_get_grant(jwt, "sub"), USER);
	jwt_free(jwt);

	theirs = libjwt_token(JWT_ALG_ES256, secret_pem);
	dot = strrchr(theirs, '.');
	assert_int_equal(sodium_base642bin(signature, sizeof signature, dot + 1, strlen(dot + 1),
				 NULL, &n, NULL, BASE64),
		0);
	/* libjwt writes either of a text's two signatures; we accept one. */
	assert_int_equal(keys_verify(keys[0].kid, theirs, (size_t)(dot - theirs), signature),
		signature[32] < 0x80 ? OK : ERR_UNAUTHENTICATED);
	refuses(theirs); /* a valid signature, but typ is JWT: another kind of token */
	free(theirs);
	free(secret_pem);
	free(public_pem);
	key_files_free(keys, count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issued_tokens_are_accepted),
		cmocka_unit_test(token_times_are_checked),
		cmocka_unit_test(every_claim_is_checked),
		cmocka_unit_test(the_header_must_be_ours),
		cmocka_unit_test(damaged_tokens_are_refused),
		cmocka_unit_test(long_tokens_are_refused),
		cmocka_unit_test(forged_tokens_are_refused),
		cmocka_unit_test(libjwt_agrees_on_es256),
	};
	char command[64];
	int failed;

	if (mkdtemp(folder) == NULL || setenv("KEY_DIR", folder, 1) != 0 || !config_load())
		return 1;
	clock_fix(NOW);
	random_fix(1);
	if (!keys_start(true))
		return 1;
	failed = RUN(tests);
	keys_stop();
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) == 0 ? failed : 1;
}
