/* transaction_post.c - POST /v1/transactions: moves money once. */
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

static enum error
operation_from_request(struct operation *op, bool *dry, struct request *r)
{
	const struct field query[] = { { "dry_run", FIELD_BOOL, .boolean = dry } };
	struct json_sent body;
	enum error e;

	*op = operation_zero();
	e = request_read(r, query, 1, &op->key, &body);
	if (body.value != NULL)
		e = faults_join(e,
			operation_read(&body, ORIGIN_REQUEST, "", r->arena, op, &r->faults));
	if (e == OK)
		operation_set_caller(op, &r->caller);
	return e;
}

/* A dry run cannot share a commit with others, so it goes past the poster. */
static enum error
operation_post(struct request *r, const struct operation *op, bool dry, struct outcome *out)
{
	struct wallet_service *s = r->service;
	bool posted;

	if (dry)
		return ledger_post_ending(s->ledger, END_DRY, NULL, &op, 1, r->arena, out,
			&posted);
	return poster_post(s->poster, op, r->arena, out);
}

struct reply *
transaction_post(struct request *r)
{
	struct operation op;
	struct outcome out;
	struct reply *reply;
	char id[UUID_TEXT];
	bool dry = false;
	enum error e;

	if ((e = operation_from_request(&op, &dry, r)) != OK)
		return reply_error(r, e);
	if ((e = operation_post(r, &op, dry, &out)) != OK)
		return reply_error(r, e);
	if (out.error == ERR_INVALID_REQUEST)
		return reply_error(r, operation_fault(&op, "", &r->faults));
	if (out.error != OK)
		return reply_refusal(r, &op, &out);
	uuid_format(&out.transaction.id, id);
	reply = reply_transaction(r, dry ? 200 : 201, &out.transaction);
	if (dry)
		return reply_header(r, reply, "Dry-Run", "true");
	reply_header(r, reply, "Location", "/v1/transactions/%s", id);
	return reply_replayed(r, reply, out.replayed);
}
