/* transaction_post.c - POST /v1/transactions: move money once. */
#include "handlers/wallet/wallet_service.h"

static enum error
operation_from_request(struct operation *op, struct request *r)
{
	json_t *body;
	enum error e;

	*op = operation_zero();
	if ((e = request_bind_query(r, NULL, 0)) != OK || (e = request_body(r, &body)) != OK ||
	    (e = operation_read(body, false, r->arena, op, &r->faults)) != OK ||
	    (e = request_key(r, &op->key)) != OK)
		return e;
	op->has_owner = true;
	op->owner = r->caller.user;
	op->roles = r->caller.roles;
	operation_fingerprint(op);
	return OK;
}

/* Why there is not enough: what a person asks next. */
static void
funds_explain(struct request *r, const struct outcome *out)
{
	int64_t available = out->available.minor, required = out->required.minor;

	request_explain(r, "available", json_integer(available));
	request_explain(r, "required", json_integer(required));
	request_explain(r, "short_by", json_integer(required - available));
	request_explain(r, "held", json_integer(out->held.minor));
	request_refuse(r, out->error, "%lld is available, %lld is needed.", (long long)available, (long long)required);
}

struct reply *
transaction_post(struct request *r)
{
	struct wallet_service *s = r->service;
	struct operation op;
	struct outcome out;
	struct reply *reply;
	char id[UUID_TEXT];
	enum error e;

	if ((e = operation_from_request(&op, r)) != OK)
		return reply_error(r, e);
	if ((e = poster_post(s->poster, &op, r->arena, &out)) != OK)
		return reply_error(r, e);
	if (out.error == ERR_INSUFFICIENT_FUNDS)
		funds_explain(r, &out);
	if (out.error != OK)
		return reply_error(r, out.error);
	uuid_format(&out.posting.id, id);
	reply = reply_json(r, 201, posting_json(&out.posting));
	reply_header(r, reply, "Location", "/v1/transactions/%s", id);
	return out.replayed ? reply_header(r, reply, "Idempotent-Replayed", "true") : reply;
}
