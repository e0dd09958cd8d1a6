/* event.c - fuzzes the events that publishers send, in every form: what is accepted is an operation
 * that the ledger can take, the same in each form; what leaves for it is JSON.
 *
 * Lines: the message's id, then the type, id and source of its headers; the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "common/base/visible.h"
#include "domain/ledger/emitted.h"
#include "domain/ledger/facts.h"
#include "tests/fuzz/fuzz.h"

struct message {
	struct emitted_head head;
	const char *body;
	size_t bytes;
};

/* An empty line: the message has no such header. */
static const char *
header_read(struct fuzz_input *in)
{
	char *line = fuzz_line(in);

	return line[0] != '\0' ? line : NULL;
}

/* Our own scanner of the text agrees with the parser. */
static void
data_text_check(const struct event *e)
{
	size_t bytes;
	const char *text = event_data_text(e, &bytes);
	json_t *data = fuzz_json(text, bytes, "the data's text");

	CHECK(json_equal(data, (json_t *)(uintptr_t)e->data), "%.*s", (int)bytes, text);
	json_decref(data);
}

static void
text_check(const char *text)
{
	if (text != NULL)
		CHECK(fuzz_is_utf8(text) && !text_has_controls(text), "%s", text);
}

static void
operation_check(const struct operation *op)
{
	const struct kind_rule *rule = &kind_rules[op->kind];

	CHECK(op->key != NULL && key_is_valid(op->key), "no key");
	CHECK(op->has_wallet || op->has_owner, "whose?");
	CHECK(rule->amount != NEEDS_MUST || op->has_amount, "no amount");
	CHECK(rule->reference != NEEDS_MUST || op->has_reference, "no reference");
	if (op->has_amount)
		CHECK(op->amount.minor >= 1 && op->amount.minor <= MONEY_MAX, "%lld",
			(long long)op->amount.minor);
	text_check(op->merchant);
	text_check(op->description);
	if (op->metadata != NULL)
		json_decref(fuzz_json(op->metadata, strlen(op->metadata), "the metadata"));
}

/* In NestJS's envelope the same data are the same operation. */
static void
nested_check(const struct message *m, const struct emitted *bare, const char *currency,
	struct arena *arena)
{
	static const char begin[] = "{\"pattern\":\"transaction_emitted\",\"data\":", end[] = "}";
	size_t n = sizeof begin - 1;
	char *body = malloc(n + m->bytes + sizeof end), reason[EVENT_REASON];
	struct emitted nested;
	enum error e;

	CHECK(body != NULL, "no memory");
	memcpy(body, begin, n);
	memcpy(body + n, m->body, m->bytes);
	memcpy(body + n + m->bytes, end, sizeof end);
	e = emitted_read(body, n + m->bytes + 1, &m->head, arena, &nested, reason);
	/* The envelope is one level more. */
	CHECK(e == OK || strstr(reason, "nested more than") != NULL, "%s: %s", reason, body);
	if (e == OK) {
		CHECK(emitted_amount(&nested, currency, reason) == OK, "%s: %s", reason, body);
		CHECK(memcmp(nested.op.fingerprint, bare->op.fingerprint, LEDGER_FINGERPRINT) == 0,
			"another operation: %s", body);
		CHECK(strcmp(nested.op.key, bare->op.key) == 0, "another key: %s", body);
		emitted_free(&nested);
	}
	free(body);
}

/* What we publish about its refusal. */
static void
refused_check(const struct emitted *m)
{
	struct outcome o = { .error = ERR_INSUFFICIENT_FUNDS };
	struct uuid id = emitted_rejection_id(m);
	size_t n, bytes;
	const char *request = event_data_text(&m->event, &n);
	char *text = rejection_text(&id, &o, NULL, m->op.key, &m->event, request, n), *event;
	json_t *data, *root;

	CHECK(text != NULL, "no text");
	data = fuzz_json(text, strlen(text), "a rejection");
	CHECK(json_equal(json_object_get(data, "request"),
		      (json_t *)(uintptr_t)m->event.data), "%s", text);
	CHECK((event = fact_rejected(text, NULL, 0, &bytes)) != NULL, "no event");
	root = fuzz_json(event, bytes, "the event of a rejection");
	CHECK(json_equal(json_object_get(root, "data"), data), "%s", event);
	json_decref(root);
	json_decref(data);
	free(event);
	free(text);
}

/* The reply for a dead letter. */
static void
dead_check(const struct message *m, enum error e, const char *reason)
{
	char sentence[EVENT_REASON + 64], *event;
	size_t bytes;

	CHECK(reason[0] != '\0' && e != ERR_INTERNAL, "no reason");
	(void)snprintf(sentence, sizeof sentence, "%s: %s", error_code(e), reason);
	CHECK((event = fact_dead(sentence, m->body, m->bytes, &bytes)) != NULL, "%s", sentence);
	json_decref(fuzz_json(event, bytes, "the reply for a dead letter"));
	free(event);
}

static void
emitted_check(const struct message *m, const char *currency, struct arena *arena)
{
	char reason[EVENT_REASON] = "";
	struct emitted emitted;
	enum error e = emitted_read(m->body, m->bytes, &m->head, arena, &emitted, reason);

	if (e != OK) {
		dead_check(m, e, reason);
		return;
	}
	data_text_check(&emitted.event);
	if ((e = emitted_amount(&emitted, currency, reason)) == OK) {
		operation_check(&emitted.op);
		refused_check(&emitted);
		if (!emitted.event.enveloped)
			nested_check(m, &emitted, currency, arena);
	} else {
		dead_check(m, e, reason);
	}
	emitted_free(&emitted);
}

FUZZ_TARGET(event)
{
	static const char *const currencies[] = { "EUR", "JPY", "KWD" };
	struct message m = { .head.message_id = header_read(in), .head.type = header_read(in),
		.head.id = header_read(in), .head.source = header_read(in) };

	m.body = fuzz_rest(in, &m.bytes);
	for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++)
		emitted_check(&m, currencies[i], in->arena);
}
