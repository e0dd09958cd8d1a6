/* replies.c - replies that several endpoints share; see replies.h. */
#include "handlers/wallet/replies.h"

#include <string.h>

#include "common/base/json.h"
#include "domain/ledger/limits.h"
#include "domain/ledger/refusal.h"
#include "handlers/wallet/service.h"

struct reply *
reply_transaction(struct request *r, int status, const struct transaction *t)
{
	TEXT(text);

	transaction_write(&text, t, false);
	return reply_json_text(r, status, &text);
}

struct reply *
reply_replayed(struct request *r, struct reply *reply, bool replayed)
{
	return replayed ? reply_header(r, reply, "Idempotent-Replayed", "true") : reply;
}

struct reply *
reply_outcome(struct request *r, const struct outcome *out)
{
	if (out->error != OK)
		return reply_refusal(r, NULL, out);
	return reply_replayed(r, reply_transaction(r, 201, &out->transaction), out->replayed);
}

/* ---- refusals ---- */

/* Further members of a refusal: {"available":…} for lack of funds, {"limit":…} for a limit. Can be
 * empty. */
static json_t *
refusal_members(const struct outcome *out)
{
	json_t *members = out->refusal != NULL
		? json_read_stored(out->refusal, strlen(out->refusal)) : NULL;

	if (members == NULL)
		members = json_object();
	if (out->error == ERR_INSUFFICIENT_FUNDS) {
		json_object_set_new(members, "available", json_integer(out->available.minor));
		json_object_set_new(members, "required", json_integer(out->required.minor));
		json_object_set_new(members, "short_by",
			json_integer(out->required.minor - out->available.minor));
		json_object_set_new(members, "held", json_integer(out->held.minor));
	}
	return members;
}

struct reply *
reply_refusal(struct request *r, const struct operation *op, const struct outcome *out)
{
	const char *detail = refusal_detail(op, out, r->arena), *name;
	json_t *members = refusal_members(out), *value;

	json_object_foreach(members, name, value)
		request_explain(r, name, json_incref(value));
	json_decref(members);
	if (detail != NULL)
		return reply_error(r, request_refuse(r, out->error, "%s", detail));
	return reply_error(r, out->error);
}

json_t *
refusal_problem(struct request *r, const struct operation *op, const struct outcome *out)
{
	json_t *problem = problem_json(
		r, out->error, refusal_detail(op, out, r->arena), NULL);
	json_t *members = refusal_members(out);

	json_object_update_missing(problem, members);
	json_decref(members);
	return problem;
}

/* ---- limits ---- */

/* The credit limit is not a column of the view: it is what makes more available than
 * balance minus held. */
struct reply *
reply_wallet_limits(struct request *r)
{
	struct wallet_service *s = r->service;
	struct wallet wallet;
	struct limits limits;
	char id[UUID_TEXT];
	json_int_t credit;
	enum error e;

	if ((e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = limits_of_wallet(s->pool, &r->ids[0], r->arena, &limits)) != OK)
		return reply_error(r, e);
	uuid_format(&wallet.id, id);
	credit = wallet.available.minor - wallet.balance.minor + wallet.held.minor;
	return reply_json(r, 200,
		json_pack("{s:s, s:s, s:I, s:o}", "wallet_id", id, "currency", wallet.currency,
			"credit_limit", credit, "limits", limits_json(&limits)));
}

struct reply *
reply_currency_limits(struct request *r, const char *currency)
{
	struct wallet_service *s = r->service;
	struct limits limits;
	enum error e = limits_of_currency(s->pool, currency, &limits);

	if (e != OK)
		return reply_error(r, e);
	return reply_json(r, 200,
		json_pack("{s:s, s:I, s:o}", "currency", currency, "credit_limit",
			(json_int_t)limits.credit.minor, "limits", limits_json(&limits)));
}
