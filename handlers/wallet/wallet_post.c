/* wallet_post.c - POST /v1/wallets: opens a wallet. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

#define NAME_MAX_CHARACTERS 100

static enum error
opening_read(struct request *r, struct opening *o)
{
	const struct field fields[] = {
		{ "currency", FIELD_TEXT, .min = 3, .max = 3, .text = &o->currency },
		{ "name", FIELD_TEXT, .min = 1, .max = NAME_MAX_CHARACTERS, .text = &o->name },
	};
	enum error e;

	*o = (struct opening){ .wallet = uuid_v7(), .transaction = uuid_v7(),
		.owner = r->caller.user, .currency = config_text(OPT_DEFAULT_CURRENCY) };
	if ((e = request_bind_query(r, NULL, 0)) != OK ||
	    (e = request_bind(r, fields, sizeof fields / sizeof fields[0])) != OK ||
	    (e = request_key(r, &o->key)) != OK)
		return e;
	if (currency_exponent(o->currency) < 0)
		return request_fault(r, "/currency",
			"must be an ISO 4217 currency code, such as EUR");
	opening_fingerprint(o);
	return OK;
}

struct reply *
wallet_post(struct request *r)
{
	struct wallet_service *s = r->service;
	struct opening opening;
	struct wallet wallet;
	struct reply *reply;
	char id[UUID_TEXT];
	bool replayed;
	enum error e;

	if ((e = opening_read(r, &opening)) != OK)
		return reply_error(r, e);
	if ((e = wallet_open(s->pool, &opening, r->arena, &wallet, &replayed)) != OK)
		return reply_error(r, e);
	uuid_format(&wallet.id, id);
	reply = reply_json(r, 201, wallet_json(&wallet));
	reply_header(r, reply, "Location", "/v1/wallets/%s", id);
	reply_header(r, reply, "ETag", "\"%lld\"", (long long)wallet.version);
	return reply_replayed(r, reply, replayed);
}
