/* GET /.well-known/jwks.json - the public keys (RFC 7517). */
#include "domain/identity/keys.h"
#include "handlers/auth/service.h"

struct reply *
jwks_get(struct request *r)
{
	/* A new key signs at once, whatever set a verifier has kept: one that meets a kid it does
	 * not know fetches the set anew (OpenID Connect Core, 10.1.1). A cache on the way should
	 * not have the old answer to that for long. */
	return reply_header(
		r, reply_json(r, 200, keys_jwks()), "Cache-Control", "public, max-age=60");
}
