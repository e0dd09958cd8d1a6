/* GET /.well-known/jwks.json - the public keys (RFC 7517). */
#include "domain/identity/keys.h"
#include "handlers/auth/service.h"

struct reply *
jwks_get(struct request *r)
{
	/* A new key signs at once. A verifier that sees an unknown kid fetches the set again
	 * (OpenID Connect Core, 10.1.1), so caches in between must not keep an old set for long. */
	return reply_header(r, reply_json(r, 200, keys_jwks()), "Cache-Control",
		"public, max-age=60");
}
