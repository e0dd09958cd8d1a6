/* outcome_json.c - refusals, explained; see outcome_json.h. */
#include "handlers/wallet/outcome_json.h"

void
operation_by_caller(struct operation *op, const struct request *r)
{
	op->has_owner = true;
	op->owner = r->caller.user;
	op->roles = r->caller.roles;
	operation_fingerprint(op);
}

const char *
refusal_detail(struct request *r, const struct outcome *out)
{
	if (out->error == ERR_INSUFFICIENT_FUNDS)
		return arena_printf(r->arena, "%lld is available, %lld is needed.", (long long)out->available.minor,
			(long long)out->required.minor);
	return NULL;
}

json_t *
refusal_members(const struct outcome *out)
{
	json_t *members = out->refusal != NULL ? json_loads(out->refusal, 0, NULL) : NULL;

	if (members == NULL)
		members = json_object();
	if (out->error == ERR_INSUFFICIENT_FUNDS) {
		json_object_set_new(members, "available", json_integer(out->available.minor));
		json_object_set_new(members, "required", json_integer(out->required.minor));
		json_object_set_new(members, "short_by", json_integer(out->required.minor - out->available.minor));
		json_object_set_new(members, "held", json_integer(out->held.minor));
	}
	return members;
}

struct reply *
reply_refusal(struct request *r, const struct outcome *out)
{
	const char *detail = refusal_detail(r, out), *name;
	json_t *members = refusal_members(out), *value;

	json_object_foreach(members, name, value)
		request_explain(r, name, json_incref(value));
	json_decref(members);
	if (detail != NULL)
		return reply_error(r, request_refuse(r, out->error, "%s", detail));
	return reply_error(r, out->error);
}
