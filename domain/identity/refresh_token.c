/* refresh_token.c - refresh tokens, their successors, and what a client gets; see
 * refresh_token.h. */
#include "domain/identity/refresh_token.h"

#include <sodium.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/config.h"
#include "common/base/random.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Without a key or salt: 256 random bits cannot be guessed, so a plain hash is enough. */
static void
refresh_hash(struct refresh *r)
{
	crypto_generichash(r->hash, sizeof r->hash, r->token, sizeof r->token, NULL, 0);
}

void
refresh_random(struct refresh *out)
{
	random_fill(out->token, sizeof out->token);
	refresh_hash(out);
}

bool
refresh_read(const char *text, struct refresh *out)
{
	size_t n;

	if (strlen(text) != REFRESH_TOKEN - 1 ||
		!base64_read(text, REFRESH_TOKEN - 1, out->token, sizeof out->token, &n) ||
		n != sizeof out->token)
		return false;
	refresh_hash(out);
	return true;
}

void
refresh_successor(const struct auth *auth, const struct refresh *r, struct refresh *next)
{
	crypto_generichash(next->token, sizeof next->token, r->token, sizeof r->token, auth->secret,
		sizeof auth->secret);
	refresh_hash(next);
}

enum error
grant_make(const struct uuid *user, const struct uuid *session, unsigned roles,
	const struct refresh *refresh, int64_t lives_ms, struct grant *out)
{
	struct claims c = { .user = *user, .session = *session, .roles = roles };
	enum error e = token_issue(&c, out->access_token);

	if (e != OK)
		return e;
	sodium_bin2base64(out->refresh_token, REFRESH_TOKEN, refresh->token, sizeof refresh->token,
		BASE64);
	out->session = *session;
	out->expires_in_s = config_number(OPT_ACCESS_TOKEN_TIME) / 1000;
	out->refresh_expires_in_s = lives_ms / 1000;
	return OK;
}
