/* balance_get.c - GET /v1/wallets/{id}/balance: the balance now, or at a point in time. */
#include "handlers/wallet/service.h"

static struct reply *
balance_reply(struct request *r, const struct wallet *w, instant_us as_of)
{
	char id[UUID_TEXT], instant[INSTANT_TEXT];
	struct reply *reply;

	uuid_format(&w->id, id);
	instant_format(as_of, instant);
	reply = reply_json(r, 200,
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "wallet_id", id, "currency",
			w->currency, "balance", (json_int_t)w->balance.minor, "held",
			(json_int_t)w->held.minor, "available", (json_int_t)w->available.minor,
			"version", (json_int_t)w->version, "as_of", instant));
	return reply_header(r, reply, "ETag", "\"%lld\"", (long long)w->version);
}

struct reply *
balance_get(struct request *r)
{
	struct wallet_service *s = r->service;
	instant_us at = 0, now = clock_now();
	bool past = false;
	const struct field fields[] = { { "at", FIELD_INSTANT, .present = &past, .instant = &at } };
	struct wallet wallet;
	enum error e;

	if ((e = request_bind_query(r, fields, 1)) != OK)
		return reply_error(r, e);
	if (past && at > now)
		return reply_error(r, request_fault(r, "/at", "must not be in the future"));
	if ((e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK)
		return reply_error(r, e);
	if (!past)
		return balance_reply(r, &wallet, now);
	if ((e = wallet_balance_at(s->pool, &r->ids[0], at, &wallet)) == ERR_NOT_FOUND)
		e = request_refuse(r, e, "The wallet did not exist yet at that time.");
	return e != OK ? reply_error(r, e) : balance_reply(r, &wallet, at);
}
