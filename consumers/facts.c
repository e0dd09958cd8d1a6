/* facts.c - the bodies of transaction_created and transaction_rejected. */
#include "consumers/facts.h"

#include "common/event.h"
#include "consumers/topology.h"

char *
fact_created(const struct posting *p, size_t *bytes)
{
	char id[UUID_TEXT], owner[UUID_TEXT], wallet[UUID_TEXT];
	struct event_head head = { .id = id, .source = FACT_SOURCE_WALLET, .type = EVENT_CREATED, .subject = wallet,
		.time = p->created_at };
	json_t *data = posting_json(p);

	uuid_format(&p->id, id);
	uuid_format(&p->wallet, wallet);
	uuid_format(&p->owner, owner);
	if (data == NULL || json_object_set_new(data, "owner_id", json_string(owner)) != 0) {
		json_decref(data);
		return NULL;
	}
	return event_write(&head, data, bytes);
}

json_t *
rejection_json(const struct uuid *id, const struct outcome *o, const char *key, const json_t *asked)
{
	char id_text[UUID_TEXT], now[INSTANT_TEXT];
	json_t *data;

	uuid_format(id, id_text);
	instant_format(clock_now(), now);
	data = json_pack("{s:s, s:s, s:s, s:s, s:O, s:s}", "id", id_text, "code", error_code(o->error), "detail",
		error_title(o->error), "idempotency_key", key, "request", asked, "created_at", now);
	if (data == NULL || o->error != ERR_INSUFFICIENT_FUNDS)
		return data;
	if (json_object_set_new(data, "available", json_integer(o->available.minor)) != 0
	    || json_object_set_new(data, "held", json_integer(o->held.minor)) != 0
	    || json_object_set_new(data, "required", json_integer(o->required.minor)) != 0) {
		json_decref(data);
		return NULL;
	}
	return data;
}

char *
fact_rejected(json_t *data, size_t *bytes)
{
	struct event_head head = { .id = json_string_value(json_object_get(data, "id")), .source = FACT_SOURCE_WALLET,
		.type = EVENT_REJECTED };
	const char *created = json_string_value(json_object_get(data, "created_at"));

	if (head.id == NULL || created == NULL || !instant_parse(created, &head.time)) {
		json_decref(data);
		return NULL;
	}
	return event_write(&head, data, bytes);
}
