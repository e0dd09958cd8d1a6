/* wallet_change_post.c - POST /v1/wallets/{id}/freeze, unfreeze and close: an operator's word, and its reason. */
#include "domain/ledger/limits.h"
#include "handlers/wallet/outcome_json.h"
#include "handlers/wallet/service.h"

#define REASON_MAX 500

static const char *const freeze_modes[] = { "both", "debit", NULL };

static enum error
change_read(struct request *r, enum kind kind, struct change *c)
{
	int64_t mode = 0;
	const struct field fields[] = {
		{ "reason", FIELD_TEXT, .required = true, .least = 1, .most = REASON_MAX, .text = &c->reason },
		{ "mode", FIELD_CHOICE, .choices = freeze_modes, .number = &mode }, /* freeze only */
	};
	enum error e;

	*c = (struct change){ .id = uuid_v7(), .wallet = r->ids[0], .roles = r->caller.roles, .kind = kind };
	if ((e = request_bind_query(r, NULL, 0)) != OK ||
	    (e = request_bind(r, fields, kind == KIND_FREEZE ? 2 : 1)) != OK)
		return e;
	if (kind == KIND_FREEZE)
		c->mode = freeze_modes[mode];
	return request_key(r, &c->key);
}

static struct reply *
change_post(struct request *r, enum kind kind)
{
	struct wallet_service *s = r->service;
	struct change change;
	struct outcome out;
	struct reply *reply;
	enum error e;

	if ((e = change_read(r, kind, &change)) != OK || (e = wallet_change(s->pool, &change, r->arena, &out)) != OK)
		return reply_error(r, e);
	if (out.error != OK)
		return reply_refusal(r, &out);
	reply = reply_posting(r, 201, &out.posting);
	return out.replayed ? reply_header(r, reply, "Idempotent-Replayed", "true") : reply;
}

struct reply *
wallet_freeze_post(struct request *r)
{
	return change_post(r, KIND_FREEZE);
}

struct reply *
wallet_unfreeze_post(struct request *r)
{
	return change_post(r, KIND_UNFREEZE);
}

struct reply *
wallet_close_post(struct request *r)
{
	return change_post(r, KIND_CLOSE);
}
