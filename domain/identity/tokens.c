/* tokens.c - issues and verifies access tokens; see tokens.h.
 *
 * The order of the checks matters. First the header, which must be exactly what we write (alg
 * ES256, typ at+jwt, one of our kids). So a token never chooses how it is verified: not "none", and
 * not HS256 with the public key as the secret. Then the signature, over the bytes as received. Only
 * then do we read the claims, and each must be valid.
 *
 * libjwt 1.10.2 does not support these tokens: its encoder overwrites `typ` with "JWT" and its
 * decoder refuses any other. It also parses the PEM for every token, checks no claims, and falls
 * for the HS256 attack. So libcrypto signs (keys.c), jansson handles the JSON, and libjwt plays the
 * attacker and the second opinion in the tests. */
#include "domain/identity/tokens.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "domain/identity/keys.h"

#define TYPE "at+jwt"
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* ---- issuing ---- */

/* Appends the bytes in base64url; false if they do not fit. */
static bool
part_add(char out[TOKEN_MAX], size_t *n, const void *bytes, size_t count)
{
	size_t room = sodium_base64_encoded_len(count, BASE64);

	if (room > TOKEN_MAX - *n)
		return false;
	sodium_bin2base64(out + *n, room, bytes, count, BASE64);
	*n += room - 1;
	return true;
}

/* The claims that RFC 9068, 2.2 asks for, without client_id: there is no client registration. `sid`
 * names the session. */
static json_t *
claims_to_json(const struct claims *c, instant_us now)
{
	char sub[UUID_TEXT], sid[UUID_TEXT], jti[UUID_TEXT];
	struct uuid id = uuid_v7();

	uuid_format(&c->user, sub);
	uuid_format(&c->session, sid);
	uuid_format(&id, jti);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:s}", "iss",
		config_text(OPT_PUBLIC_URL), "aud", config_text(OPT_TOKEN_AUDIENCE), "sub", sub,
		"sid", sid, "roles", roles_to_json(c->roles), "iat", (json_int_t)(now / US_PER_S),
		"exp", (json_int_t)(c->expires_at / US_PER_S), "jti", jti);
}

static bool
payload_add(char out[TOKEN_MAX], size_t *n, const struct claims *c, instant_us now)
{
	char text[TOKEN_MAX];
	json_t *claims = claims_to_json(c, now);
	size_t bytes = claims != NULL ? json_dumpb(claims, text, sizeof text, JSON_COMPACT) : 0;

	json_decref(claims);
	return bytes > 0 && bytes <= sizeof text && part_add(out, n, text, bytes);
}

/* The signature covers the text before it, so the token is built in place. */
enum error
token_issue(struct claims *c, char out[TOKEN_MAX])
{
	char kid[UUID_TEXT], header[128];
	unsigned char signature[KEY_SIGNATURE];
	instant_us now = clock_now();
	size_t n = 0;
	enum error e;

	/* `exp` counts whole seconds; the cache must not keep the token longer than it says. */
	c->expires_at = (now + config_number(OPT_ACCESS_TOKEN_TIME) * US_PER_MS) / US_PER_S *
			US_PER_S;
	if ((e = keys_current(kid)) != OK)
		return e;
	snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"" TYPE "\"}",
		kid);
	if (!part_add(out, &n, header, strlen(header)) || n + 1 >= TOKEN_MAX)
		return ERR_INTERNAL;
	out[n++] = '.';
	if (!payload_add(out, &n, c, now)) {
		log_error("access token too long: shorten PUBLIC_URL or TOKEN_AUDIENCE");
		return ERR_INTERNAL;
	}
	if ((e = keys_sign(kid, out, n, signature)) != OK)
		return e;
	if (n + 1 >= TOKEN_MAX)
		return ERR_INTERNAL;
	out[n++] = '.';
	return part_add(out, &n, signature, sizeof signature) ? OK : ERR_INTERNAL;
}

/* ---- verifying ---- */

/* header.payload.signature; the parts point into the token. */
struct parts {
	const char *header, *payload, *signature;
	size_t header_bytes, payload_bytes, signature_bytes;
};

/* Exactly three parts: five would be an encrypted token (RFC 7516), which we never issue. */
static bool
token_split(const char *token, struct parts *p)
{
	size_t n = strnlen(token, TOKEN_MAX);
	const char *first = memchr(token, '.', n), *second;

	if (n >= TOKEN_MAX || first == NULL)
		return false;
	second = strchr(first + 1, '.');
	if (second == NULL || strchr(second + 1, '.') != NULL)
		return false;
	*p = (struct parts){ token, first + 1, second + 1, (size_t)(first - token),
		(size_t)(second - first - 1), n - (size_t)(second + 1 - token) };
	return true;
}

/* NULL if the part is not a JSON object. The caller owns the object. */
static json_t *
part_parse(const char *part, size_t bytes)
{
	char text[TOKEN_MAX], reason[JSON_REASON];
	size_t n;
	json_t *v;

	if (!base64_read(part, bytes, text, sizeof text, &n) ||
		json_read(text, n, &v, reason) != OK)
		return NULL;
	if (json_is_object(v))
		return v;
	json_decref(v);
	return NULL;
}

static bool
text_is(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && strcmp(text, expected) == 0;
}

static bool
uuid_is(const json_t *object, const char *name, struct uuid *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && uuid_parse(text, out);
}

/* Sets the kid. False unless the header is exactly one of ours. An extension that must be
 * understood (crit: RFC 7515, 4.1.11) is refused, because we understand none. */
static bool
header_check(const struct parts *p, char kid[UUID_TEXT])
{
	json_t *header = part_parse(p->header, p->header_bytes);
	const char *text = json_string_value(json_object_get(header, "kid"));
	bool good = text != NULL && strlen(text) == UUID_TEXT - 1 &&
		    text_is(header, "alg", "ES256") && text_is(header, "typ", TYPE) &&
		    json_object_get(header, "crit") == NULL;

	if (good)
		memcpy(kid, text, UUID_TEXT);
	json_decref(header);
	return good;
}

/* NULL if every claim is valid, else what is wrong. No leeway for `exp`: all clocks that check it
 * are ours. `iat` has some, in case the issuing machine is ahead. */
static const char *
claims_check(const json_t *claims, struct claims *c)
{
	const json_t *iat = json_object_get(claims, "iat"), *exp = json_object_get(claims, "exp");
	const json_t *nbf = json_object_get(claims, "nbf"); /* we never write it */
	json_int_t now = clock_now() / US_PER_S;

	if (!text_is(claims, "iss", config_text(OPT_PUBLIC_URL)))
		return "The access token has the wrong issuer.";
	if (!text_is(claims, "aud", config_text(OPT_TOKEN_AUDIENCE)))
		return "The access token has the wrong audience.";
	if (!json_is_integer(exp) || json_integer_value(exp) <= now)
		return "The access token has expired.";
	if (!json_is_integer(iat) || json_integer_value(iat) > now + TOKEN_LEEWAY_S ||
		(nbf != NULL && (!json_is_integer(nbf) ||
					json_integer_value(nbf) > now + TOKEN_LEEWAY_S)))
		return "The access token is not valid yet.";
	if (json_integer_value(exp) > INT64_MAX / US_PER_S ||
		json_string_value(json_object_get(claims, "jti")) == NULL ||
		!uuid_is(claims, "sub", &c->user) || !uuid_is(claims, "sid", &c->session) ||
		!roles_from_json(json_object_get(claims, "roles"), &c->roles))
		return "The access token is not one of ours.";
	c->expires_at = json_integer_value(exp) * US_PER_S;
	return NULL;
}

enum error
token_check(const char *token, struct claims *c, const char **why)
{
	unsigned char signature[KEY_SIGNATURE];
	char kid[UUID_TEXT];
	struct parts p;
	json_t *claims;
	size_t n;
	enum error e;

	*why = "The access token is not one of ours.";
	if (!token_split(token, &p) || !header_check(&p, kid))
		return ERR_UNAUTHENTICATED;
	if (!base64_read(p.signature, p.signature_bytes, signature, sizeof signature, &n) ||
		n != sizeof signature)
		return ERR_UNAUTHENTICATED;
	if ((e = keys_verify(kid, token, p.header_bytes + 1 + p.payload_bytes, signature)) != OK)
		return e;
	if ((claims = part_parse(p.payload, p.payload_bytes)) == NULL)
		return ERR_UNAUTHENTICATED;
	*why = claims_check(claims, c);
	json_decref(claims);
	return *why == NULL ? OK : ERR_UNAUTHENTICATED;
}
