/* wallet_get.c - GET /v1/wallets/{id}: a wallet as it is now. */
#include <stdio.h>
#include <string.h>

#include "handlers/wallet/service.h"

/* The version is the ETag, so a client can find out cheaply that nothing has changed. */
static bool
client_has(struct request *r, int64_t version)
{
	const char *etags = request_header(r, "If-None-Match");
	char etag[32];

	snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
	return etags != NULL && (strstr(etags, etag) != NULL || strcmp(etags, "*") == 0);
}

struct reply *
wallet_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct wallet wallet;
	struct reply *reply;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK)
		return reply_error(r, e);
	if (client_has(r, wallet.version))
		reply = reply_empty(r, 304);
	else
		reply = reply_json(r, 200, wallet_json(&wallet));
	return reply_header(r, reply, "ETag", "\"%lld\"", (long long)wallet.version);
}
