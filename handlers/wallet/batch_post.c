/* batch_post.c - POST /v1/transactions/batch: many operations in one call, all or none, or each on
 * its own. */
#include "handlers/wallet/batch_replies.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

/* The key's fingerprint is of the body as a whole, before any place is judged. */
static enum error
batch_from_request(struct request *r, struct batch *b)
{
	int64_t mode = -1;
	const char *key;
	json_t *list = NULL;
	struct json_sent body, sent;
	const struct field query[] = { { "dry_run", FIELD_BOOL, .boolean = &b->dry } };
	const struct field fields[] = {
		{ "mode", FIELD_CHOICE, .required = true, .choices = batch_modes, .number = &mode },
		{ "transactions", FIELD_ARRAY, .required = true, .object = &list },
	};
	enum error e = request_read(r, query, 1, &key, &body);

	if (body.value == NULL)
		return e;
	e = faults_join(e, bind_object(body.value, fields, 2, "", &r->faults));
	if (e == OK && key != NULL)
		e = batch_key_read(&b->key, &r->caller.user, key, body.value);
	if (list == NULL)
		return e;
	/* If the whole is refused, the client also gets the faults of every place. */
	b->atomic = mode == 1 || e != OK;
	sent = (struct json_sent){ list, json_text_member(body.text, "transactions") };
	return faults_join(e, batch_read(b, &sent, &r->caller, r->arena, &r->faults));
}

/* 200 for `each`, whatever became of the places: each has a status of its own. 201 only if
 * all are posted. */
struct reply *
batch_post(struct request *r)
{
	struct wallet_service *s = r->service;
	struct batch b = { 0 };
	struct reply *reply;
	enum error e;

	if ((e = batch_from_request(r, &b)) != OK ||
	    (e = batch_post_valid(&b, s->ledger, r->arena)) != OK)
		return reply_error(r, e);
	if (b.atomic && batch_first_refusal(&b) != NULL)
		return reply_first_refusal(r, &b);
	reply = reply_results(r, b.atomic && !b.dry ? 201 : 200, &b);
	if (b.dry)
		return reply_header(r, reply, "Dry-Run", "true");
	return reply_replayed(r, reply, batch_is_replay(&b));
}
