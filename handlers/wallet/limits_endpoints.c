/* limits_endpoints.c - GET and PUT /v1/wallets/{id}/limits, and of a currency, /v1/wallets/limits?currency=EUR. */
#include <stdio.h>

#include "common/base/config.h"
#include "domain/ledger/limits.h"
#include "handlers/wallet/outcome_json.h"
#include "handlers/wallet/service.h"

#define REASON_MAX 500

/* ---- in ---- */

static enum error
limit_read(struct request *r, const json_t *item, size_t i, struct limit *l)
{
	int64_t kind = 0, per = 0;
	bool has_amount = false;
	char prefix[32];
	const struct field fields[] = {
		{ "kind", FIELD_CHOICE, .required = true, .choices = limit_kinds, .number = &kind },
		{ "per", FIELD_CHOICE, .required = true, .choices = limit_periods, .number = &per },
		{ "amount", FIELD_NUMBER, .least = 0, .most = MONEY_MAX, .present = &has_amount, .number = &l->amount.minor },
	};
	enum error e;

	snprintf(prefix, sizeof prefix, "/limits/%zu", i);
	if (!json_is_object(item))
		return request_fault(r, prefix, "must be an object");
	if ((e = bind_object(item, fields, 3, prefix, &r->faults)) != OK)
		return e;
	l->kind = limit_kinds[kind];
	l->per = limit_periods[per];
	l->unlimited = !has_amount;
	return OK;
}

/* One limit of a kind and a period: of two, which would hold? */
static enum error
doubles_check(struct request *r, const struct limits *l)
{
	enum error e = OK;
	char pointer[40];

	for (size_t i = 1; i < l->count; i++)
		for (size_t k = 0; k < i; k++) {
			if (l->list[i].kind != l->list[k].kind || l->list[i].per != l->list[k].per)
				continue;
			snprintf(pointer, sizeof pointer, "/limits/%zu", i);
			e = request_fault(r, pointer, "is for the same kind and period as /limits/%zu", k);
		}
	return e;
}

static enum error
limits_read(struct request *r, struct limits *l, const char **reason)
{
	json_t *list = NULL, *item;
	size_t i;
	const struct field fields[] = {
		{ "credit_limit", FIELD_NUMBER, .least = 0, .most = MONEY_MAX, .present = &l->has_credit, .number = &l->credit.minor },
		{ "limits", FIELD_ARRAY, .required = true, .object = &list },
		{ "reason", FIELD_TEXT, .least = 1, .most = REASON_MAX, .text = reason }, /* of a wallet's only */
	};
	enum error e;

	if ((e = request_bind(r, fields, reason != NULL ? 3 : 2)) != OK)
		return e;
	if (json_array_size(list) > LIMITS_MAX)
		return request_fault(r, "/limits", "must have at most %d limits", LIMITS_MAX);
	json_array_foreach(list, i, item)
		if (limit_read(r, item, i, &l->list[l->count++]) != OK)
			e = ERR_INVALID_REQUEST;
	return e == OK ? doubles_check(r, l) : e;
}

/* ---- out ---- */

static json_t *
limit_json(const struct limit *l)
{
	char frees[INSTANT_TEXT];
	json_t *json = json_pack("{s:s, s:s, s:o}", "kind", l->kind, "per", l->per, "amount",
		l->unlimited ? json_null() : json_integer(l->amount.minor));

	if (l->source != NULL)
		json_object_set_new(json, "of", json_string(l->source));
	if (l->has_used) {
		instant_format(l->frees_at, frees);
		json_object_set_new(json, "used", json_integer(l->used.minor));
		json_object_set_new(json, "frees_at", json_string(frees));
	}
	return json;
}

static json_t *
list_json(const struct limits *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(list, limit_json(&l->list[i]));
	return list;
}

static struct reply *
wallet_limits_reply(struct request *r)
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
		json_pack("{s:s, s:s, s:I, s:o}", "wallet_id", id, "currency", wallet.currency, "credit_limit", credit,
			"limits", list_json(&limits)));
}

/* ---- a wallet's ---- */

struct reply *
limits_get(struct request *r)
{
	enum error e = request_bind_query(r, NULL, 0);

	return e != OK ? reply_error(r, e) : wallet_limits_reply(r);
}

struct reply *
limits_put(struct request *r)
{
	struct wallet_service *s = r->service;
	struct limits limits = { 0 };
	struct change change = { .id = uuid_v7(), .wallet = r->ids[0], .roles = r->caller.roles, .kind = KIND_LIMIT,
		.limits = &limits };
	struct outcome out;
	struct reply *reply;
	enum error e;

	if ((e = request_bind_query(r, NULL, 0)) != OK || (e = limits_read(r, &limits, &change.reason)) != OK ||
	    (e = request_key(r, &change.key)) != OK || (e = wallet_change(s->pool, &change, r->arena, &out)) != OK)
		return reply_error(r, e);
	if (out.error != OK)
		return reply_refusal(r, &out);
	/* A replay says so, and shows the limits as they are: what the first answer showed may have been changed since. */
	reply = wallet_limits_reply(r);
	return out.replayed ? reply_header(r, reply, "Idempotent-Replayed", "true") : reply;
}

/* ---- a currency's ---- */

static enum error
currency_read(struct request *r, const char **currency)
{
	const struct field fields[] = {
		{ "currency", FIELD_TEXT, .required = true, .least = 3, .most = 3, .text = currency },
	};
	enum error e;

	*currency = "";
	e = request_bind_query(r, fields, 1);
	if (e == OK && currency_exponent(*currency) < 0)
		return request_fault(r, "/currency", "must be a currency code of ISO 4217 such as EUR");
	return e;
}

static struct reply *
currency_limits_reply(struct request *r, const char *currency)
{
	struct wallet_service *s = r->service;
	struct limits limits;
	enum error e = limits_of_currency(s->pool, currency, &limits);

	if (e != OK)
		return reply_error(r, e);
	return reply_json(r, 200,
		json_pack("{s:s, s:I, s:o}", "currency", currency, "credit_limit", (json_int_t)limits.credit.minor, "limits",
			list_json(&limits)));
}

struct reply *
currency_limits_get(struct request *r)
{
	const char *currency;
	enum error e = currency_read(r, &currency);

	return e != OK ? reply_error(r, e) : currency_limits_reply(r, currency);
}

struct reply *
currency_limits_put(struct request *r)
{
	struct wallet_service *s = r->service;
	struct limits limits = { 0 };
	const char *currency;
	enum error e;

	if ((e = currency_read(r, &currency)) != OK || (e = limits_read(r, &limits, NULL)) != OK)
		return reply_error(r, e);
	for (size_t i = 0; i < limits.count; i++)
		if (limits.list[i].unlimited)
			return reply_error(r, request_fault(r, "/limits", "a currency's limits need an amount each"));
	if ((e = limits_of_currency_set(s->pool, currency, &limits)) != OK)
		return reply_error(r, e);
	return currency_limits_reply(r, currency);
}
