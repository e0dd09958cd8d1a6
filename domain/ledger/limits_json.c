/* limits_json.c - limits as JSON: the body of a PUT, and the array of a response; see limits.h. */
#include <stdio.h>

#include "domain/ledger/changes.h"
#include "domain/ledger/limits.h"

/* `per` and `kind` become pointers into our own lists, so later comparisons need no strcmp(). */
static enum error
limit_read(const json_t *item, size_t i, struct limit *l, struct faults *f)
{
	int64_t kind = -1, per = -1;
	char prefix[32];
	const struct field fields[] = {
		{ "kind", FIELD_CHOICE, .required = true, .choices = limit_kinds, .number = &kind },
		{ "per", FIELD_CHOICE, .required = true, .choices = limit_periods, .number = &per },
		{ "amount", FIELD_NUMBER, .max = MONEY_MAX, .present = &l->has_amount,
			.number = &l->amount.minor },
	};
	enum error e;

	snprintf(prefix, sizeof prefix, "/limits/%zu", i);
	if (!json_is_object(item))
		return faults_add(f, prefix, "must be an object");
	e = bind_object(item, fields, sizeof fields / sizeof fields[0], prefix, f);
	l->kind = kind >= 0 ? limit_kinds[kind] : NULL;
	l->per = per >= 0 ? limit_periods[per] : NULL;
	return e;
}

/* Two limits for the same kind and period would leave open which one applies. */
static enum error
duplicates_check(const struct limits *l, struct faults *f)
{
	enum error e = OK;
	char pointer[40];

	for (size_t i = 1; i < l->count; i++)
		for (size_t k = 0; k < i; k++) {
			if (l->list[i].kind == NULL || l->list[i].per == NULL ||
				l->list[i].kind != l->list[k].kind ||
				l->list[i].per != l->list[k].per)
				continue;
			snprintf(pointer, sizeof pointer, "/limits/%zu", i);
			e = faults_add(f, pointer,
				"is for the same kind and period as /limits/%zu", k);
		}
	return e;
}

/* For a wallet, null lifts the limit of its currency; a currency has nothing above it to lift. */
static enum error
amounts_check(const struct limits *l, struct faults *f)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->list[i].has_amount)
			return faults_add(f, "/limits", "must each have an amount for a currency");
	return OK;
}

/* Duplicates are only looked for among limits that could be read. */
enum error
limits_read(const json_t *body, struct limits *l, const char **reason, struct faults *f)
{
	json_t *list = NULL, *item;
	size_t i;
	const struct field fields[] = {
		{ "credit_limit", FIELD_NUMBER, .max = MONEY_MAX, .present = &l->has_credit,
			.number = &l->credit.minor },
		{ "limits", FIELD_ARRAY, .required = true, .object = &list },
		/* Only for a wallet: */
		{ "reason", FIELD_TEXT, .min = 1, .max = REASON_MAX, .text = reason },
	};
	enum error e;

	*l = (struct limits){ 0 };
	e = bind_object(body, fields, reason != NULL ? 3 : 2, "", f);
	if (json_array_size(list) > LIMITS_MAX)
		return faults_add(f, "/limits", "must have at most %d limits", LIMITS_MAX);
	json_array_foreach(list, i, item)
		e = faults_join(e, limit_read(item, i, &l->list[l->count++], f));
	e = faults_join(e, duplicates_check(l, f));
	return reason == NULL ? faults_join(e, amounts_check(l, f)) : e;
}

static json_t *
limit_json(const struct limit *l)
{
	char frees[INSTANT_TEXT];
	json_t *json = json_pack("{s:s, s:s, s:o}", "kind", l->kind, "per", l->per, "amount",
		l->has_amount ? json_integer(l->amount.minor) : json_null());

	if (l->source != NULL)
		json_object_set_new(json, "of", json_string(l->source));
	if (l->has_used) {
		instant_format(l->frees_at, frees);
		json_object_set_new(json, "used", json_integer(l->used.minor));
		json_object_set_new(json, "frees_at", json_string(frees));
	}
	return json;
}

json_t *
limits_json(const struct limits *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(list, limit_json(&l->list[i]));
	return list;
}
