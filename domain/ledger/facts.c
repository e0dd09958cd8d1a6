/* facts.c - the bodies of transaction_created and transaction_rejected. */
#include "domain/ledger/facts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/event.h"
#include "common/base/json.h"
#include "domain/events.h"

/* Runs once per event in the relay, so it writes text and builds no tree (bench/NOTES.md). */
char *
fact_created(const struct transaction *t, size_t *bytes)
{
	char id[UUID_TEXT], wallet[UUID_TEXT];
	struct event_head head = { .id = id, .source = FACT_SOURCE_WALLET, .type = EVENT_CREATED,
		.subject = wallet, .time = t->created_at };
	TEXT(data);

	uuid_format(&t->id, id);
	uuid_format(&t->wallet, wallet);
	transaction_write(&data, t, true);
	return text_end(&data) != NULL ? event_wrap(&head, data.data, data.bytes, bytes) : NULL;
}

/* The request is appended as it came: parsed and written again, its numbers could lose digits. */
char *
rejection_text(const struct uuid *id, const struct outcome *o, const char *detail, const char *key,
	const struct event *event, const char *request, size_t request_bytes)
{
	static const char member[] = ",\"request\":";
	char id_text[UUID_TEXT], now[INSTANT_TEXT], *text = NULL;
	json_t *data, *extra;
	size_t n;

	uuid_format(id, id_text);
	instant_format(clock_now(), now);
	data = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id_text, "code", error_code(o->error),
		"detail", detail != NULL ? detail : error_detail(o->error), "idempotency_key", key,
		"created_at", now);
	/* The key can be a digest of these. */
	if (data != NULL && event->id != NULL)
		json_object_set_new(data, "event",
			json_pack("{s:s, s:s?}", "id", event->id, "source", event->source));
	if (data != NULL && o->error == ERR_INSUFFICIENT_FUNDS) {
		json_object_set_new(data, "available", json_integer(o->available.minor));
		json_object_set_new(data, "held", json_integer(o->held.minor));
		json_object_set_new(data, "required", json_integer(o->required.minor));
		json_object_set_new(data, "short_by",
			json_integer(o->required.minor - o->available.minor));
	}
	if (data != NULL && o->refusal != NULL &&
	    (extra = json_read_stored(o->refusal, strlen(o->refusal))) != NULL) {
		if (json_object_get(extra, "detail") != NULL)
			json_object_del(data, "detail");
		json_object_update_missing(data, extra);
		json_decref(extra);
	}
	n = data == NULL ? 0 : json_dumpb(data, NULL, 0, JSON_COMPACT);
	if (n > 0 && (text = malloc(n + sizeof(member) + request_bytes + 1)) != NULL) {
		n = json_dumpb(data, text, n, JSON_COMPACT) - 1;
		memcpy(text + n, member, sizeof(member) - 1);
		n += sizeof(member) - 1;
		memcpy(text + n, request, request_bytes);
		n += request_bytes;
		memcpy(text + n, "}", 2);
	}
	json_decref(data);
	return text;
}

/* No one reads these ids again: the same body with the same fault has the same one. */
static void
dead_id(const char *reason, const void *body, size_t body_bytes, char out[UUID_TEXT])
{
	struct digest d;
	struct uuid id;

	digest_begin(&d, sizeof(id.bytes));
	digest_add_text(&d, reason);
	digest_add(&d, body, body_bytes);
	digest_end(&d, id.bytes);
	id.bytes[6] = (uint8_t)(0x80 | (id.bytes[6] & 0x0f));
	id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
	uuid_format(&id, out);
}

char *
fact_dead(const char *reason, const void *body, size_t body_bytes, size_t *bytes)
{
	char id[UUID_TEXT], now[INSTANT_TEXT];
	struct event_head head = { .id = id, .source = FACT_SOURCE_WALLET, .type = EVENT_REJECTED,
		.time = clock_now() };
	size_t code = strcspn(reason, ":");
	json_t *detail = json_string(reason + code + strspn(reason + code, ": "));

	if (detail == NULL) /* it was cut inside a character */
		detail = json_string(error_title(ERR_INVALID_REQUEST));
	dead_id(reason, body, body_bytes, id);
	instant_format(head.time, now);
	return event_write(&head,
		json_pack("{s:s, s:s%, s:o, s:n, s:n, s:s}", "id", id, "code", reason, code,
			"detail", detail, "idempotency_key", "request", "created_at", now),
		bytes);
}

/* Reads rows that any version of the consumer has written, so it relies on no member. */
char *
fact_rejected(const char *data, const char *row_id, instant_us row_at, size_t *bytes)
{
	json_t *read = json_read_stored(data, strlen(data));
	const char *id = json_string_value(json_object_get(read, "id"));
	const char *created = json_string_value(json_object_get(read, "created_at"));
	struct event_head head = { .id = id != NULL ? id : row_id, .source = FACT_SOURCE_WALLET,
		.type = EVENT_REJECTED };
	char *body = NULL;

	if (created == NULL || !instant_parse(created, &head.time))
		head.time = row_at;
	if (head.id != NULL)
		body = event_wrap(&head, data, strlen(data), bytes);
	json_decref(read);
	return body;
}
