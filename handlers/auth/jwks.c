/* GET /.well-known/jwks.json - the public keys (RFC 7517). */
#include "handlers/auth/auth_service.h"
#include "handlers/auth/keys.h"

struct reply *
jwks_get(struct request *r)
{
	/* Shorter than any sensible KEY_OVERLAP: who keeps it that long still knows the new key in time. */
	return reply_header(r, reply_json(r, 200, keys_jwks()), "Cache-Control", "public, max-age=300");
}
