/* wallet_post.c - POST /v1/wallets: opens a wallet. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

#define NAME_MAX_CHARACTERS 100

static enum error
opening_read(struct request *r, struct opening *o)
{
	const struct field fields[] = {
		{ "currency", FIELD_CURRENCY, .text = &o->currency },
		{ "name", FIELD_TEXT, .min = 1, .max = NAME_MAX_CHARACTERS, .text = &o->name },
	};
	struct json_sent body;
	enum error e;

	*o = (struct opening){ .wallet = uuid_v7(), .transaction = uuid_v7(),
		.owner = r->caller.user, .currency = config_text(OPT_DEFAULT_CURRENCY) };
	e = request_read(r, NULL, 0, &o->key, &body);
	if (body.value != NULL)
		e = faults_join(e, bind_object(body.value, fields,
			sizeof fields / sizeof fields[0], "", &r->faults));
	if (e == OK)
		opening_fingerprint(o);
	return e;
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
